"""Refuse a level that is no plain number among levels that are numbers."""

from collections.abc import Sequence

import pandas as pd

from analysis.columns import DECIMAL_POINT, LEAST_SHARE_OF_NUMBERS, has_decimal_comma
from analysis.excerpt import excerpt, path_text
from analysis.levels import is_plain_number
from analysis.sources.reading import Format, Reading
from configs.errors import TableError

__all__ = ["check_level_names"]

MULTIPLIERS = "kKmMbBgGtT"
# Rows of these are rows of the file; the others were put together anew.
WITH_ROWS = (Format.TABLE, Format.WANDB_HISTORY)


def check_level_names(readings: Sequence[Reading], *, within: str) -> None:
    """Refuse levels most of which are numbers while a few are not, as a typing error makes them.

    Taken as they are, all of them would be words in the order of their appearance, and hardly a seed would have the
    odd one. Levels that are words with or without a number in them pass, such as step100. A number with a comma is
    odd even where all are: the comma may be one of decimals or of thousands.

    Args:
        readings: Files whose rows say their level.
        within: Column that names the levels.

    Raises:
        TableError: Naming the first odd level, and its row where the file has one.
    """
    columns = [(reading, _texts(reading.frame[within])) for reading in readings if within in reading.frame.columns]
    rows_of = pd.concat([texts for _, texts in columns]).value_counts() if columns else pd.Series(dtype="int64")
    odd = {level for level in rows_of.index if not is_plain_number(level) or _has_comma(level)}
    words = [level for level in odd if not _has_comma(level)]
    if not odd or rows_of[words].sum() > (1 - LEAST_SHARE_OF_NUMBERS) * rows_of.sum():
        return
    reading, texts = next((reading, texts) for reading, texts in columns if texts.isin(odd).any())
    place = int(texts.isin(odd).to_numpy().argmax())
    raise TableError(_sentence(reading, level=texts.iloc[place], row=place + 1, within=within))


def _texts(column: pd.Series) -> pd.Series:
    """The column as text; a missing label, or one of another kind than a text, counts as a number."""
    is_declared = isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.ordered
    if is_declared or pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return pd.Series("0", index=column.index, dtype="str")
    return column.astype("object").where(column.notna(), "0").map(str)


def _has_comma(level: str) -> bool:
    """Whether a level is a number with a comma in it: "0,5", "1,000", "1,000.5", "1,5M"."""
    is_number = is_plain_number(level) or has_decimal_comma(level.strip().rstrip(MULTIPLIERS))
    return "," in level and is_number


def _sentence(reading: Reading, *, level: str, row: int, within: str) -> str:
    where = f"data row {row} has {within}" if reading.format in WITH_ROWS else f"it has {within}"
    wrong = (
        f"which is not a number; {DECIMAL_POINT}"
        if _has_comma(level)
        else "though most levels are numbers; correct it, or make every level a word, such as step100"
    )
    return f"{path_text(reading.path)}: {where}={excerpt(level)}, {wrong}"
