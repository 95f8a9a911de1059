"""The page on the config says what the code says, and what a preset prints is the preset."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from configs.annotated_preset import annotated_preset
from configs.config_page import with_tables
from configs.errors import ConfigurationError
from configs.field_scope import is_in_fingerprint, may_differ
from configs.fields import ConfigField, config_sections
from configs.load import load_experiment
from configs.preset_files import preset_names, preset_text

PAGE = Path(__file__).parents[2] / "docs" / "config.md"
FIELDS = {field.path: field for section in config_sections() for field in section.fields}


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(params=FIELDS.values(), ids=lambda field: field.path)
def field(request: pytest.FixtureRequest) -> ConfigField:
    found: ConfigField = request.param
    return found


def test_page_is_up_to_date(page):
    assert page == with_tables(page), "run `python -m configs.config_page docs/config.md` and look at what changed"


@pytest.mark.parametrize(
    ("told", "instead"),
    [
        ("`0.02`", "`0.03`"),
        ("Width of the residual stream.", "Width."),
        ("model.rope_base", "model.base"),
        ("F C", "F"),
    ],
)
def test_page_that_tells_something_else_is_put_right(page, told, instead):
    outdated = page.replace(told, instead)

    assert outdated != page
    assert with_tables(outdated) == page


def test_every_field_says_what_it_is_for(field):
    assert re.fullmatch(r"[`A-Z].*[.]", field.description)


def test_fields_are_listed_as_a_config_holds_them():
    values = load_experiment("quickstart").to_dict()
    sections = {section.name for section in config_sections()} - {""}
    paths = [
        path
        for name, value in values.items()
        for path in ([f"{name}.{inner}" for inner in value] if name in sections else [name])
    ]

    assert sorted(FIELDS) == sorted(paths)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("name", "text"),
        ("seeds", "list of whole numbers >= 0 and < 4294967296, not empty"),
        ("seed_controls", "list of `initialization` or `data_order`, not empty"),
        ("schedule.spacing", "`even` or `log`"),
        ("model.num_kv_heads", "whole number > 0 or `null`"),
        ("model.tied_head", "`true` or `false`"),
        ("corpus.train", "list of texts"),
        ("corpus.train_stories", "whole number > 0 or `all`"),
        ("optimization.betas", "2 numbers >= 0 and < 1"),
        ("energy.period_s", "number >= 0.02 and <= 60"),
        ("conditions", "mapping"),
    ],
)
def test_kind_is_told_in_words(path, kind):
    assert FIELDS[path].kind == kind


def test_members_of_an_enumeration_are_told_by_their_values():
    assert FIELDS["precision"].kind.startswith("`fp32`, `tf32`")


@pytest.mark.parametrize(
    ("path", "decides", "differs"),
    [
        ("name", False, False),
        ("seeds", True, False),
        ("precision", True, False),
        ("model.width", True, True),
        ("model.vocab_size", True, False),
        ("model.tied_head", True, True),
        ("model.directory", False, False),
        ("corpus.train", False, False),
        ("corpus.order", True, False),
        ("optimization.betas", True, True),
        ("schedule.spacing", True, True),
        ("evaluation.offset", True, False),
        ("telemetry.window", False, False),
        ("placement.kernels", True, False),
        ("placement.run_order", False, False),
        ("checkpoints.uri", False, False),
    ],
)
def test_what_a_field_decides_is_found_out(path, decides, differs):
    config = load_experiment("quickstart")

    assert is_in_fingerprint(FIELDS[path], config=config) is decides
    assert may_differ(FIELDS[path], config=config) is differs


def test_examples_of_the_page_are_accepted(page):
    examples = [shlex.split(text)[0] for text in re.findall(r"--set ('[^']+'|[a-z][^`\s]+)", page)]
    conditions = re.search(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert conditions is not None

    for number in range(1, len(examples) + 1):
        load_experiment("quickstart", overrides=examples[:number])
    config = load_experiment("quickstart", overrides=[f"conditions={yaml.safe_load(conditions[1])['conditions']}"])

    assert len(examples) == 12
    assert config.condition_names == ("short", "long")


@pytest.mark.parametrize("name", preset_names())
def test_printed_preset_holds_what_the_preset_holds(name):
    printed, preset = yaml.safe_load(annotated_preset(name)), yaml.safe_load(preset_text(name))

    assert printed == preset
    assert list(printed.get("conditions", ())) == list(preset.get("conditions", ()))


def test_defaults_of_a_printed_preset_may_be_uncommented(write_config):
    commented = re.compile(rf"^( *)# ({'|'.join({*(field.name for field in FIELDS.values()), 'recovery', 'energy'})}):")
    lines = annotated_preset("quickstart").replace("# probe:", "probe:").replace("# checkpoints:", "checkpoints:")
    opened = "\n".join(commented.sub(r"\1\2:", line) for line in lines.splitlines())

    assert opened.count("#") < annotated_preset("quickstart").count("#") - 40
    assert load_experiment(write_config(opened)) == load_experiment("quickstart")


def test_unknown_preset_is_not_printed():
    with pytest.raises(ConfigurationError, match="did you mean quickstart"):
        annotated_preset("quikstart")
