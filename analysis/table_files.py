"""Write the table as CSV and Parquet."""

import io
from pathlib import Path

import pandas as pd

from configs.durable import write_bytes_durably

__all__ = ["write_table"]


def write_table(table: pd.DataFrame, *, csv: Path, parquet: Path) -> None:
    """Write both files, each beside its name and then moved onto it.

    CSV is UTF-8 with LF; floats are written so that they read back bit for bit; a missing value is an empty field.

    Args:
        table: What `table_from_records` made.
        csv: Name of the text file; its directory exists.
        parquet: Name of the typed file.
    """
    write_bytes_durably(csv, table.to_csv(index=False, lineterminator="\n").encode("utf-8"))
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False, engine="pyarrow")
    write_bytes_durably(parquet, buffer.getvalue())
