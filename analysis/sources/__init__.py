"""What people already have: tables, logs and exports, read into one table in long form."""

from analysis.sources.column_choice import DEFAULT_METRIC
from analysis.sources.found_files import is_run_directory
from analysis.sources.load import InputAudit, Loaded, load_sources
from analysis.sources.options import Align, Duplicates, SourceOptions, Wide

__all__ = [
    "DEFAULT_METRIC",
    "Align",
    "Duplicates",
    "InputAudit",
    "Loaded",
    "SourceOptions",
    "Wide",
    "is_run_directory",
    "load_sources",
]
