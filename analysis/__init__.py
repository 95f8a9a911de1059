"""What it means: the table, its audit, telemetry and repeated-measures statistics."""

from analysis.audit import Missing
from analysis.frame_statistics import analyze_frame
from analysis.json_text import statistics_to_json
from analysis.missing_cells import Cell, missing_cells
from analysis.paired_errors import PairedErrors, read_paired_errors
from analysis.pairwise import Pairs
from analysis.read_table import read_table
from analysis.results import Results, load_results
from analysis.simultaneous import Reference
from analysis.sources import Align, Duplicates, Loaded, SourceOptions, Wide, load_sources
from analysis.summary import SummaryFacts, summarize, summary_facts
from analysis.table import table_from_records
from analysis.table_files import write_table
from analysis.table_statistics import analyze_table

__all__ = [
    "Align",
    "Cell",
    "Duplicates",
    "Loaded",
    "Missing",
    "PairedErrors",
    "Pairs",
    "Reference",
    "Results",
    "SourceOptions",
    "SummaryFacts",
    "Wide",
    "analyze_frame",
    "analyze_table",
    "load_results",
    "load_sources",
    "missing_cells",
    "read_paired_errors",
    "read_table",
    "statistics_to_json",
    "summarize",
    "summary_facts",
    "table_from_records",
    "write_table",
]
