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

    assert sentence.startswith("conditions.")
    assert repr(name) in sentence


@pytest.mark.parametrize("name", ["small", "width-64", "lr_1e-3", "lr1.5", "A", "0", "x" * 64])
def test_plain_name_is_accepted(name):
    config = load_experiment("quickstart", overrides=[override({name: {"model.width": 32}})])

    assert config.condition_names == (name,)


def test_misspelt_field_in_a_condition_is_answered_with_the_nearest_right_one(refusal):
    sentence = refusal(override({"small": {"model.widht": 32}}))

    assert "model.widht is not a field; did you mean model.width?" in sentence


def test_impossible_condition_is_refused(refusal):
    sentence = refusal(override({"small": {"model.width": 33}}))

    assert "width=33 is not divisible by num_heads=4; choose a multiple" in sentence


def test_condition_whose_windows_do_not_fit_is_refused(refusal):
    sentence = refusal(override({"long": {"model.context_length": 100}}))

    assert "schedule.tokens_per_step=1024 is not a whole number of windows of model.context_length=100" in sentence


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
        "name",
    ],
)
def test_condition_cannot_override_what_all_share(refusal, field):
    sentence = refusal(override({"other": {field: 300}}))

    assert sentence == (
        f"conditions.other overrides {field}, which all conditions share; "
        "only fields of model, optimization, schedule (but not model.vocab_size) may differ"
    )


def test_condition_cannot_hold_conditions(refusal):
    assert "which all conditions share" in refusal(override({"a": {"conditions": 1}}))


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
