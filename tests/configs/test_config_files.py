"""A config comes from a preset's name or a file; whatever is wrong with either is one sentence."""

import json
import os

import pytest
import yaml

from configs.load import dump_experiment, load_experiment
from configs.preset_files import preset_names, preset_summary
from configs.recovery import RecoveryConfig

PRESETS = (
    "ladder",
    "published-study",
    "published-study-unrepeated",
    "quickstart",
    "token-scale",
    "token-scale-tinyllama",
)


def test_unknown_preset_is_answered_with_the_list(refusal):
    sentence = refusal(source="nothing-like-it")

    assert sentence == (
        "there is no preset or file named 'nothing-like-it'; "
        "the presets are ladder, published-study, published-study-unrepeated, quickstart, token-scale, "
        "token-scale-tinyllama"
    )


def test_misspelt_preset_is_answered_with_the_nearest(refusal):
    assert "did you mean quickstart? the presets are " in refusal(source="quikstart")


@pytest.mark.parametrize("name", ["missing.yaml", "missing.yml", "folder/missing", "./quickstart"])
def test_missing_file_is_named(refusal, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)

    assert refusal(source=name) == f"the config file {name} does not exist; check the path"


def test_directory_is_refused(refusal, tmp_path):
    assert refusal(source=str(tmp_path)) == f"{tmp_path} is a directory; name a YAML file in it"


def test_directory_named_like_a_file_is_refused(refusal, tmp_path):
    folder = tmp_path / "experiment.yaml"
    folder.mkdir()

    assert refusal(source=str(folder)) == f"{folder} is a directory; name a YAML file in it"


@pytest.mark.parametrize("content", [b"name: \xff\xfe", "näme: x".encode("latin-1"), "name: x".encode("utf-16")])
def test_file_that_is_not_utf8_is_refused(refusal, write_config, content):
    source = write_config(content)

    assert refusal(source=source) == f"the config file {source} is not UTF-8 text; name a YAML file"


@pytest.mark.parametrize(("content", "kind"), [("- 1\n", "list"), ("hello\n", "text"), ("3", "number")])
def test_file_without_fields_is_refused(refusal, write_config, content, kind):
    source = write_config(content)

    assert refusal(source=source) == f"{source} holds no config: it is a {kind}, not lines of `field: value`"


def test_empty_file_is_answered_with_the_way_to_begin_one(refusal, write_config):
    source = write_config("# nothing yet\n")

    assert refusal(source=source) == f"{source} holds no config: it is empty; `seedscope presets NAME` prints one"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("name: a\nname: b\n", "line 2, column 1: the key 'name' stands twice"),
        ("name: a\nmodel:\n  width: 64\n    depth: 2\n", "line 4, column 10: mapping values are not allowed here"),
        (
            "model:\n\twidth: 64\n",
            "line 2, column 1: found character '\\t' that cannot start any token; indent with blanks",
        ),
    ],
    ids=["repeated", "indented", "tab"],
)
def test_file_that_is_no_yaml_is_answered_with_the_line(refusal, write_config, content, place):
    source = write_config(content)

    assert refusal(source=source) == f"{source} is not valid YAML: {place}"


@pytest.mark.parametrize("content", ["name: [1\n", "name: 'x\n", "a: b: c\n", "\tname: x\n", "name: *nobody\n"])
def test_file_that_is_no_yaml_is_refused_in_one_line(refusal, write_config, content):
    source = write_config(content)

    sentence = refusal(source=source)

    assert sentence.startswith(f"{source} is not valid YAML: ")
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "content",
    ["name: 2020-99-99\n", "seeds: 0x_\n", "seeds: !!int x\n", "model: " + "[" * 5_000, "name: \x00\n"],
    ids=["date", "hexadecimal", "integer", "depth", "NUL"],
)
def test_file_at_which_yaml_itself_fails_is_refused_in_one_line(refusal, write_config, content):
    source = write_config(content)

    sentence = refusal(source=source)

    assert sentence.startswith(f"{source} is not valid YAML: ")
    assert "\n" not in sentence


def test_name_with_a_nul_byte_is_refused(refusal):
    assert refusal(source="a\0b.yaml") == "the config file 'a\\x00b.yaml' cannot be read: embedded null byte"


@pytest.mark.skipif(os.name == "nt" or os.pathconf("/", "PC_NAME_MAX") > 999, reason="names may be that long")
def test_name_that_is_too_long_is_refused(refusal):
    source = "x" * 999 + ".yaml"

    assert refusal(source=source).startswith(f"the config file {source!r} cannot be read: ")


def test_config_written_before_there_was_a_recovery_is_read_with_its_defaults(write_config, quickstart_values, dump):
    values = {key: value for key, value in quickstart_values.items() if key != "recovery"}

    assert load_experiment(write_config(dump(values))).recovery == RecoveryConfig()


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("name: a\nname: b\n", "name"),
        ("model:\n  width: 64\n  width: 128\n", "width"),
        ("conditions: {a: {}, a: {}}\n", "a"),
        ("seeds: [{x: 1, x: 2}]\n", "x"),
    ],
)
def test_key_given_twice_is_refused(refusal, write_config, content, key):
    sentence = refusal(source=write_config(content))

    assert f"the key {key!r} stands twice" in sentence


def test_key_given_twice_in_an_override_is_refused(refusal):
    assert "the key 'width' stands twice" in refusal("model={width: 64, width: 128}")


def test_file_cannot_call_python(refusal, write_config):
    source = write_config("name: !!python/object/apply:os.getcwd []\n")

    assert "is not valid YAML: line 1, column 7: could not determine a constructor" in refusal(source=source)


def test_file_without_suffix_is_read(write_config, quickstart_text):
    source = write_config(quickstart_text, name="mine")

    assert load_experiment(source) == load_experiment("quickstart")


def test_presets_are_listed_in_order():
    assert preset_names() == PRESETS


@pytest.fixture
def needed(llama_json, tmp_path):
    """Overrides without which a preset is none yet, by its name."""
    (tmp_path / "config.json").write_text(json.dumps(llama_json | {"max_position_embeddings": 2048}))
    return {"token-scale-tinyllama": [f"model.directory={tmp_path}"]}


@pytest.mark.parametrize("name", PRESETS)
def test_preset_is_a_valid_experiment_of_its_own_name(name, needed):
    assert load_experiment(name, overrides=needed.get(name, ())).name == name


@pytest.mark.parametrize("name", PRESETS)
def test_preset_says_in_one_sentence_what_it_is_for(name):
    summary = preset_summary(name)

    assert summary.endswith(".")
    assert not summary.startswith("#")


@pytest.mark.parametrize("name", PRESETS)
def test_written_config_is_read_back_equal(write_config, name, needed):
    config = load_experiment(name, overrides=needed.get(name, ()))

    again = load_experiment(write_config(dump_experiment(config)))

    assert again == config
    assert again.fingerprint == config.fingerprint


def test_written_config_with_everything_set_is_read_back_equal(write_config):
    config = load_experiment(
        "quickstart",
        overrides=[
            "seeds=[0, 4294967295]",
            "shared_seed=9",
            "optimization.learning_rate=0.1234567890123456",
            "corpus={source: files, train: [ä.txt, 'b c.txt'], validation: ['{x: 1}'], train_stories: all}",
            "telemetry.spike_z_threshold=1.0e-300",
            "placement.max_concurrent_runs=3",
            "recovery={max_attempts: 7, silence_s: 12.5, backoff_s: 0}",
            "conditions={low: {optimization.learning_rate: 1.0e-3}, wide: {model.width: 128}, "
            "slow: {optimization.betas: [0.9, 0.999]}}",
        ],
    )

    assert load_experiment(write_config(dump_experiment(config))) == config


def test_written_config_is_plain_yaml(write_config):
    values = yaml.safe_load(dump_experiment(load_experiment("quickstart")))

    assert values["seeds"] == [101, 202, 303, 404, 505, 606]
    assert values["model"]["width"] == 64


@pytest.mark.parametrize("text", ["1e6", "3E-4", "12e45"])
def test_text_that_looks_like_a_number_is_written_and_read_back_as_text(write_config, text):
    config = load_experiment("quickstart", overrides=["corpus.source=files", f"corpus.train=['{text}']"])

    assert load_experiment(write_config(dump_experiment(config))).corpus.train == (text,)
