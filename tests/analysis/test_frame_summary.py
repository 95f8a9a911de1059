"""What `analyze` says of trajectories that fall to the end, and of some that rise again."""

import pandas as pd

from analysis.frame_statistics import analyze_frame
from analysis.frame_summary import summarize_frame

FALLING = {1: (3.0, 2.0, 1.0), 2: (3.1, 2.3, 1.1), 3: (2.9, 2.1, 1.2)}
ONE_RISES = FALLING | {3: (2.9, 2.1, 2.5)}


def _sentences(losses: dict[int, tuple[float, ...]]) -> list[str]:
    cells = [(seed, level, loss) for seed, row in losses.items() for level, loss in enumerate(row)]
    return summarize_frame(analyze_frame(pd.DataFrame(cells, columns=["seed", "interval", "val_loss"])))


def test_fall_to_the_end_is_said_in_words() -> None:
    assert "val_loss: lowest mean 1.1000 at level 2; each of the 3 is lowest at the last level." in _sentences(FALLING)


def test_rise_is_said_with_its_size_and_the_number_that_rise() -> None:
    rise = next(sentence for sentence in _sentences(ONE_RISES) if "lowest mean" in sentence)

    assert rise.startswith("val_loss: lowest mean 1.5333 at level 2; final minus minimum 0.1333 (95 % t interval ")
    assert rise.endswith("positive in 1 of 3.")
