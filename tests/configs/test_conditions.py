"""A condition is a named set of overrides of what may differ; its name becomes a directory."""

import json

import pytest

from configs.load import load_experiment


def override(conditions: dict) -> str:
    return f"conditions={json.dumps(conditions)}"


@pytest.mark.parametrize(
    "name",
    ["../x", "a/b", ".", "..", ".hidden", "a..b", "a.", "a\\b", "", "/etc", "a b", "~", "-rf", "é", "x" * 65],
)
def test_name_that_is_no_plain_directory_is_refused(refusal, name):
    sentence = refusal(override({name: {"model.width": 32}}))

    assert sentence == (
        f"conditions: the name {name!r} is wrong; "
        "use letters, digits, `_`, `-` and single dots inside, at most 64 characters"
    )


@pytest.mark.parametrize("name", ["small", "width-64", "lr_1e-3", "lr1.5", "A", "0", "x" * 64])
def test_plain_name_is_accepted(name):
    config = load_experiment("quickstart", overrides=[override({name: {"model.width": 32}})])

    assert config.condition_names == (name,)


def test_misspelt_field_in_a_condition_is_answered_with_the_nearest_right_one(refusal):
    sentence = refusal(override({"small": {"model.widht": 32}}))

    assert sentence == "conditions.small: model.widht is not a field; did you mean model.width?"


def test_impossible_condition_is_refused(refusal):
    sentence = refusal(override({"small": {"model.width": 33}}))

    assert sentence == "conditions.small: model: width=33 is not divisible by num_heads=4; choose a multiple"


def test_condition_whose_windows_do_not_fit_is_refused(refusal):
    sentence = refusal(override({"long": {"model.context_length": 100}}))

    assert sentence.startswith(
        "conditions.long: schedule.tokens_per_step=1024 is not a whole number of windows of model.context_length=100"
    )


@pytest.mark.parametrize(
    "field",
    [
        "corpus.order",
        "corpus.train_stories",
        "model.vocab_size",
        "seeds",
        "shared_seed",
        "evaluation.tokens",
        "telemetry.window",
        "placement.threads_per_run",
        "recovery.max_attempts",
        "name",
    ],
)
def test_condition_cannot_override_what_all_share(refusal, field):
    sentence = refusal(override({"other": {field: 300}}))

    assert sentence == (
        f"conditions.other cannot override {field}; "
        "conditions may differ in fields of model, optimization, schedule (but not in model.vocab_size), "
        "each written as section.field"
    )


@pytest.mark.parametrize("field", ["model", "optimization", "schedule", "conditions", "zzz.width"])
def test_condition_overrides_fields_of_sections_only(refusal, field):
    sentence = refusal(override({"a": {field: 1}}))

    assert sentence.startswith(f"conditions.a cannot override {field}; conditions may differ in fields of model, ")


@pytest.mark.parametrize(
    ("misspelt", "right"),
    [
        ("modle.width", "model.width"),
        ("optimisation.learning_rate", "optimization.learning_rate"),
        ("shedule.every_tokens", "schedule.every_tokens"),
    ],
)
def test_misspelt_section_in_a_condition_is_answered_with_the_nearest_right_one(refusal, misspelt, right):
    sentence = refusal(override({"a": {misspelt: 1}}))

    assert sentence == f"conditions.a cannot override {misspelt}; did you mean {right}?"


def test_wrong_value_in_a_condition_is_named_with_its_condition(refusal):
    sentence = refusal(override({"right": {"model.width": 32}, "wrong": {"model.width": "abc"}}))

    assert sentence == "conditions.wrong: model.width='abc' is wrong: it should be a whole number > 0"


def test_several_problems_of_a_condition_are_counted_behind_the_first(refusal):
    sentence = refusal(override({"wrong": {"model.width": "abc", "model.num_heads": "abc"}}))

    assert sentence.startswith("conditions.wrong: model.width='abc' is wrong: ")
    assert sentence.endswith("(1 more problem)")


@pytest.mark.parametrize("names", [("small", "SMALL"), ("A", "b", "a"), ("lr_1e-3", "LR_1E-3")])
def test_names_that_differ_in_case_alone_are_refused(refusal, names):
    # Some file systems hold them for one directory.
    sentence = refusal(override({name: {"model.width": 32} for name in names}))

    assert sentence == f"conditions (apart from case) holds {names[-1].lower()} twice; name each once"


def test_condition_may_override_a_list():
    config = load_experiment("quickstart", overrides=[override({"slow": {"optimization.betas": [0.8, 0.999]}})])

    assert config.for_condition("slow").optimization.betas == (0.8, 0.999)


def test_experiment_without_conditions_has_one_called_base():
    config = load_experiment("quickstart")

    assert config.condition_names == ("base",)
    assert config.for_condition("base") == config


def test_conditions_keep_their_order():
    config = load_experiment("quickstart", overrides=[override({"z": {}, "a": {}, "m": {}})])

    assert config.condition_names == ("z", "a", "m")


def test_condition_changes_what_it_names_and_nothing_else():
    config = load_experiment("quickstart", overrides=[override({"small": {"model.width": 32, "model.mlp_width": 88}})])

    small = config.for_condition("small")

    assert (small.model.width, small.model.mlp_width) == (32, 88)
    assert small.conditions == {}
    base = load_experiment("quickstart", overrides=["model.width=32", "model.mlp_width=88"])
    assert small == base


def test_unknown_condition_is_a_key_error():
    config = load_experiment("quickstart", overrides=[override({"small": {}})])

    with pytest.raises(KeyError, match="base"):
        config.for_condition("base")
