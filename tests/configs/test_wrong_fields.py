"""A field that is misspelt, of a wrong type or out of bounds is named, with its value and what would be right."""

import pytest

from configs.experiment import ExperimentConfig
from configs.load import load_experiment
from configs.recovery import RecoveryConfig
from configs.telemetry import TelemetryConfig


@pytest.mark.parametrize(
    ("misspelt", "right"),
    [
        ("seedz", "seeds"),
        ("modell", "model"),
        ("condition", "conditions"),
        ("model.widht", "model.width"),
        ("model.n_layers", "model.num_layers"),
        ("corpus.train_storys", "corpus.train_stories"),
        ("optimization.learning_rat", "optimization.learning_rate"),
        ("schedule.token_per_step", "schedule.tokens_per_step"),
        ("evaluation.ofset", "evaluation.offset"),
        ("telemetry.windows", "telemetry.window"),
        ("placement.thread_per_run", "placement.threads_per_run"),
        ("recovery.max_attempt", "recovery.max_attempts"),
    ],
)
def test_misspelt_field_is_answered_with_the_nearest_right_one(refusal, misspelt, right):
    assert refusal(f"{misspelt}=3") == f"{misspelt} is not a field; did you mean {right}?"


def test_misspelt_field_in_a_file_is_answered_with_the_nearest_right_one(refusal, write_config, quickstart_text):
    source = write_config(quickstart_text.replace("num_heads:", "num_head:"))

    sentence = refusal(source=source)

    # The right field is missing as well; what was typed is what the reader can find.
    assert sentence == "model.num_head is not a field; did you mean model.num_heads?"


def test_misspelt_field_whose_name_begins_the_right_one_is_named(refusal, write_config, quickstart_text):
    source = write_config(quickstart_text.replace("seeds:", "seed:"))

    assert refusal(source=source) == "seed is not a field; did you mean seeds?"


def test_wrong_value_is_told_before_fields_that_are_missing(refusal):
    sentence = refusal("model={directory: 5}")

    assert sentence.startswith("model.directory=5 is wrong: it should be text or `null`; write it in quotes (")


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("model.width=abc", "model.width='abc' is wrong: it should be a whole number > 0"),
        ("model.width=", "model.width=null is wrong: it should be a whole number > 0"),
        ("model=3", "model=3 is wrong: it should be a section, which holds fields such as model.vocab_size"),
        (
            "seeds=7",
            "seeds=7 is wrong: it should be a list of whole numbers >= 0 and < 4294967296, not empty; "
            "write it in brackets",
        ),
        (
            "seed_controls=[x]",
            "seed_controls.0='x' is wrong: seed_controls should be "
            "a list of `initialization` or `data_order`, not empty",
        ),
        ("corpus.train_stories=0", "corpus.train_stories=0 is wrong: it should be a whole number > 0 or `all`"),
        ("precision=fp16", "precision='fp16' is wrong: it should be `fp32`, `tf32`, `bf16` or `fp16x3`"),
        ("name=2024", "name=2024 is wrong: it should be text; write it in quotes"),
        (
            "name=two words",
            "name='two words' is wrong: it should be letters, digits, `_`, `-` and single dots inside, "
            "at most 64 characters",
        ),
    ],
)
def test_wrong_value_is_answered_with_what_the_page_of_fields_says(refusal, override, sentence):
    assert refusal(override) == sentence


@pytest.mark.parametrize(("text", "tokens"), [("1.024e6", 1_024_000), ("1e6", 1_000_000), ("2E5", 200_000)])
def test_count_may_be_written_with_an_exponent(text, tokens):
    config = load_experiment(
        "quickstart", overrides=[f"schedule.budget_tokens={text}", "schedule.every_tokens=2e3", "schedule.spacing=even"]
    )

    assert config.schedule.budget_tokens == tokens


def test_field_like_no_other_is_answered_with_the_fields_of_its_section(refusal):
    sentence = refusal("placement.zzz=1")

    assert sentence == (
        "placement.zzz is not a field; placement has "
        "threads_per_run, device, kernels, stack_runs, tokens_at_once, max_concurrent_runs, run_order, run_order_seed"
    )


def test_top_level_field_like_no_other_is_answered_with_the_sections(refusal):
    assert refusal("zzz=1").startswith(
        "zzz is not a field; a config has name, seeds, seed_controls, shared_seed, model"
    )


@pytest.mark.parametrize("field", ["name", "seeds", "model", "schedule"])
def test_missing_field_is_named_with_the_way_to_give_it(refusal, write_config, quickstart_values, dump, field):
    source = write_config(dump({key: value for key, value in quickstart_values.items() if key != field}))

    assert refusal(source=source) == f"{field} is missing; add it to the config or give --set {field}=..."


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("model.width=abc", "model.width='abc'"),
        ("model.width=64.5", "model.width=64.5"),
        ("model.width=[64]", "model.width=[64]"),
        ("model.width=", "model.width=null"),
        ("model=3", "model=3"),
        ("seeds=7", "seeds=7"),
        ("seeds=all", "seeds='all'"),
        ("seeds=[1.5]", "seeds.0=1.5"),
        ("seeds=[-1]", "seeds.0=-1"),
        ("seeds=[1, 4294967296]", "seeds.1=4294967296"),
        ("seeds=[]", "seeds=[]"),
        ("seed_controls=[weather]", "seed_controls.0='weather'"),
        ("corpus.source=hob", "corpus.source='hob'"),
        ("corpus.order=random", "corpus.order='random'"),
        ("corpus.train_stories=0", "corpus.train_stories=0"),
        ("corpus.train_stories=some", "corpus.train_stories='some'"),
        ("model.vocab_size=259", "model.vocab_size=259"),
        ("model.num_layers=0", "model.num_layers=0"),
        ("optimization.learning_rate=0", "optimization.learning_rate=0"),
        ("optimization.learning_rate=-0.1", "optimization.learning_rate=-0.1"),
        ("optimization.betas=[0.9, 1.0]", "optimization.betas.1=1.0"),
        ("optimization.clip_norm=0", "optimization.clip_norm=0"),
        ("schedule.every_tokens=0", "schedule.every_tokens=0"),
        ("evaluation.offset=-1", "evaluation.offset=-1"),
        ("telemetry.window=1", "telemetry.window=1"),
        ("placement.threads_per_run=0", "placement.threads_per_run=0"),
        ("placement.device=tpu", "placement.device='tpu'"),
        ("placement.max_concurrent_runs=0", "placement.max_concurrent_runs=0"),
        ("recovery.max_attempts=0", "recovery.max_attempts=0"),
        ("recovery.max_attempts=1.5", "recovery.max_attempts=1.5"),
        ("recovery.silence_s=0", "recovery.silence_s=0"),
        ("recovery.silence_s=-1", "recovery.silence_s=-1"),
        ("recovery.backoff_s=-0.5", "recovery.backoff_s=-0.5"),
        ("optimization.betas=[0.9, 0.9, 0.9]", "optimization.betas=[0.9, 0.9, 0.9]"),
        ("name=2020-01-01", "name=2020-01-01"),
        ("name=../x", "name='../x'"),
    ],
)
def test_wrong_value_is_named_with_its_field_and_what_it_should_be(refusal, override, named):
    sentence = refusal(override)

    assert sentence.startswith(f"{named} is wrong: ")
    assert " should " in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf"])
@pytest.mark.parametrize(
    "field",
    [
        "optimization.learning_rate",
        "optimization.final_learning_rate",
        "optimization.weight_decay",
        "optimization.clip_norm",
        "model.rope_base",
        "model.norm_epsilon",
        "telemetry.spike_z_threshold",
        "recovery.silence_s",
        "recovery.backoff_s",
    ],
)
def test_number_that_is_not_finite_is_refused(refusal, field, value):
    sentence = refusal(f"{field}={value}")

    assert sentence.startswith(f"{field}={float(value.replace('.', ''))!r} is wrong: ")
    assert "finite number" in sentence


def test_several_problems_are_counted_behind_the_first(refusal):
    sentence = refusal("model.width=abc", "model.num_heads=abc", "schedule.every_tokens=abc")

    assert sentence.startswith("model.width='abc' is wrong: ")
    assert "(2 more problems)" in sentence


def test_one_problem_more_is_counted_as_one(refusal):
    sentence = refusal("model.width=abc", "model.num_heads=abc")

    assert sentence.endswith("(1 more problem)")


@pytest.mark.parametrize("override", ["seeds=[a]", "optimization.betas=[0.9]", "seed_controls=[weather]"])
def test_list_that_holds_a_wrong_item_is_one_problem(refusal, override):
    assert "follow" not in refusal(override)


def test_list_that_is_too_short_is_answered_with_its_length(refusal):
    assert refusal("optimization.betas=[0.9]") == "optimization.betas has too few values; give at least 2"


@pytest.mark.parametrize("word", ["true", "false", "yes", "no", "on", "off"])
@pytest.mark.parametrize(
    ("override", "place"),
    [
        ("name={}", "name="),
        ("seeds={}", "seeds="),
        ("seeds=[1, {}]", "seeds=[1, "),
        ("shared_seed={}", "shared_seed="),
        ("seed_controls=[{}]", "seed_controls=["),
        ("model={}", "model="),
        ("model.width={}", "model: width="),
        ("corpus.train_stories={}", "corpus: train_stories="),
        ("corpus.train=[{}]", "corpus: train=["),
        ("optimization.learning_rate={}", "optimization: learning_rate="),
        ("optimization.betas=[0.9, {}]", "optimization: betas=[0.9, "),
        ("schedule.every_tokens={}", "schedule: every_tokens="),
        ("evaluation.offset={}", "evaluation: offset="),
        ("telemetry.window={}", "telemetry: window="),
        ("placement.max_concurrent_runs={}", "placement: max_concurrent_runs="),
        ("recovery.max_attempts={}", "recovery: max_attempts="),
        ("conditions={}", "conditions="),
        ("conditions={{a: {{model.width: {}}}}}", "conditions.a: model: width="),
        ("conditions={{a: {{optimization.betas: [0.9, {}]}}}}", "conditions.a: optimization: betas=[0.9, "),
    ],
)
def test_true_or_false_is_no_number_and_no_word(refusal, override, place, word):
    sentence = refusal(override.format(word))

    assert sentence.startswith(f"{place}{word in ('true', 'yes', 'on')}")
    assert sentence.endswith(" holds true or false, where a number or a word belongs; quote words")


def test_true_or_false_in_a_file_is_refused(refusal, write_config, quickstart_text):
    source = write_config(quickstart_text.replace("num_heads: 4", "num_heads: yes"))

    assert refusal(source=source).startswith("model: num_heads=True holds true or false")


def test_true_or_false_in_quotes_is_a_word():
    assert load_experiment("quickstart", overrides=["name='yes'"]).name == "yes"


@pytest.mark.parametrize("override", ["model.width", "=3", "model.=3", ".width=3", "", "model..width=3"])
def test_override_of_another_form_is_answered_with_an_example(refusal, override):
    assert (
        refusal(override) == f"--set {override!r} is not of the form field=value, such as placement.threads_per_run=2"
    )


def test_override_whose_value_is_no_yaml_is_quoted(refusal):
    sentence = refusal("seeds=[1, 2")

    assert sentence.startswith("the value in --set 'seeds=[1, 2' is not valid YAML: ")
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "override",
    [
        "name=2020-99-99",
        "seeds=0x_",
        "seeds=!!int x",
        "seeds=!!float y",
        "model.width=!!binary x",
        "model.width=1" + "0" * 5_000,
        "model.width=64\x00",
        "seeds=" + "[" * 3_000,
    ],
    ids=lambda override: override[:25].replace("\x00", "NUL"),
)
def test_override_at_which_yaml_itself_fails_is_quoted(refusal, override):
    sentence = refusal(override)

    assert sentence.startswith(f"the value in --set {override!r} is not valid YAML: ")
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("name.first=x", "name.first cannot be set, because name='quickstart' is a value and not a section"),
        ("model.width.x=1", "model.width.x cannot be set, because model.width=64 is a value and not a section"),
        ("model.width.x.y=1", "model.width.x.y cannot be set, because model.width=64 is a value and not a section"),
    ],
)
def test_override_below_a_value_is_refused_with_the_whole_path(refusal, override, sentence):
    assert refusal(override) == sentence


def test_later_override_wins():
    config = load_experiment("quickstart", overrides=["seeds=[1]", "seeds=[2, 3]"])

    assert config.seeds == (2, 3)


def test_config_cannot_be_changed():
    config = load_experiment("quickstart")

    with pytest.raises(ValueError, match="frozen"):
        config.model.width = 128


def test_defaults_of_the_telemetry_are_the_published_ones():
    # published-study.md section 5, the line of settings
    telemetry = TelemetryConfig()

    assert telemetry.window == 5
    assert telemetry.spike_min_delta_nats == 0.01
    assert telemetry.spike_z_threshold == 2.0
    assert telemetry.stable_volatility_quantile == 0.25
    assert telemetry.stable_spike_rate_max == 0
    assert telemetry.stable_backslide_frequency_max == 1


def test_defaults_of_the_recovery_bound_attempts_silence_and_pause():
    recovery = RecoveryConfig()

    assert (recovery.max_attempts, recovery.silence_s, recovery.backoff_s) == (4, 600.0, 1.0)


@pytest.mark.parametrize(
    "section", ["model", "corpus", "optimization", "schedule", "evaluation", "telemetry", "recovery"]
)
def test_every_field_says_what_it_is(section):
    fields = ExperimentConfig.model_fields[section].annotation.model_fields

    assert [name for name, field in fields.items() if not field.description] == []
