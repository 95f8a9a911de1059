"""The published grid, which is not ours to ship and is read from beside the repository."""

from pathlib import Path

import pandas as pd
import pytest

PUBLISHED = Path(__file__).parents[2].parent / "shared" / "reference" / "published-val-loss-6x21.csv"


@pytest.fixture(scope="session")
def published() -> pd.DataFrame:
    """Validation loss of arXiv 2606.13370, 6 seeds x 21 intervals, columns seed, interval, val_loss."""
    if not PUBLISHED.is_file():
        pytest.skip("../shared/reference/published-val-loss-6x21.csv is absent; it may not be shipped with the code")
    return pd.read_csv(PUBLISHED).rename(columns={"interval_index": "interval"})
