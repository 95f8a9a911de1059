"""Read a Parquet file as a table."""

import io
from pathlib import Path

import pandas as pd
import pyarrow as pa

from analysis.excerpt import first_line
from configs.errors import TableError

__all__ = ["PARQUET_MAGIC", "read_parquet"]

PARQUET_MAGIC = b"PAR1"


def read_parquet(path: Path, content: bytes) -> pd.DataFrame:
    """The table; what pandas kept as a named index becomes columns again.

    Args:
        path: Where it came from, for the sentence.
        content: The whole file.

    Raises:
        TableError: If the file is cut off, damaged, or its columns are no names.
    """
    try:
        table = pd.read_parquet(io.BytesIO(content), engine="pyarrow")
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise TableError(f"{path} is not a readable Parquet file: {first_line(error)}") from error
    named = [name for name in table.index.names if name is not None and name not in table.columns]
    table = table.reset_index(level=named) if named else table
    table = table.reset_index(drop=True)
    return table.set_axis([str(name) for name in table.columns], axis="columns")
