"""Read a table as CSV or Parquet, or say in one sentence why it cannot be read."""

from pathlib import Path

import pandas as pd

from analysis.excerpt import first_line
from analysis.sources.delimited_text import read_delimited
from analysis.sources.file_content import read_content
from analysis.sources.parquet_file import PARQUET_MAGIC, read_parquet
from analysis.table import TABLE_COLUMNS, with_table_types
from configs.errors import TableError

__all__ = ["read_table"]


def read_table(path: Path) -> pd.DataFrame:
    """Read a table in long form; the content, not the name, tells Parquet from CSV.

    Args:
        path: CSV in UTF-8 with a header, or Parquet.

    Returns:
        The table; Seedscope's own table gets its column types back.

    Raises:
        TableError: If the file is absent, empty, binary, undecodable or malformed.
    """
    content = read_content(path)
    if content.startswith(PARQUET_MAGIC):
        table = read_parquet(path, content)
    else:
        table = read_delimited(path, content, text_columns=("condition",))
    if tuple(table.columns) != TABLE_COLUMNS:
        return table
    try:
        return with_table_types(table)
    except (TypeError, ValueError) as error:
        raise TableError(f"{path} has the columns of table.csv but not its types: {first_line(error)}") from error
