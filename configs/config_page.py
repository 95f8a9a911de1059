"""Keep the tables of docs/config.md as the code has them: `python -m configs.config_page docs/config.md`."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from configs.experiment import ExperimentConfig
from configs.field_scope import is_in_fingerprint, may_differ
from configs.fields import ConfigField, ConfigSection, config_sections
from configs.load import load_experiment
from configs.preset_files import preset_names, preset_summary
from configs.yaml_text import inline_yaml

__all__ = ["with_tables", "write_tables"]

_BLOCK = re.compile(r"(<!-- (\w+) begin -->\n).*?(<!-- \2 end -->)", flags=re.DOTALL)


def with_tables(page: str) -> str:
    """The page with what stands between `<!-- NAME begin -->` and `<!-- NAME end -->` written anew.

    Args:
        page: Markdown with the blocks `fields` and `presets`.
    """
    blocks = {"fields": _fields(), "presets": _presets()}
    return _BLOCK.sub(lambda found: f"{found[1]}{blocks[found[2]]}{found[3]}", page)


def write_tables(path: Path) -> None:
    """Bring the tables of a page up to date, in place."""
    path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


def _fields() -> str:
    config = load_experiment("quickstart")
    return "".join(_section(section, config=config) for section in config_sections())


def _section(section: ConfigSection, *, config: ExperimentConfig) -> str:
    heading = f"`{section.name}`" if section.name else "Outside all sections"
    rows = [_row(field, config=config) for field in section.fields]
    return f"\n### {heading}\n\n{section.description}\n\n" + _table(
        ("field", "takes", "default", "what it is", "F C"), rows=rows
    )


def _row(field: ConfigField, *, config: ExperimentConfig) -> tuple[str, ...]:
    marks = (
        "F" if is_in_fingerprint(field, config=config) else "",
        "C" if may_differ(field, config=config) else "",
    )
    default = "required" if field.is_required else f"`{inline_yaml(field.default)}`"
    return (f"`{field.path}`", field.kind, default, field.description, " ".join(filter(None, marks)))


def _presets() -> str:
    rows = [(f"`{name}`", preset_summary(name)) for name in preset_names()]
    return _table(("preset", "is"), rows=rows)


def _table(columns: Sequence[str], *, rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_tables(Path(name))
