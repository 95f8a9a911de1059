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


def test_one_seed_is_said_in_the_singular() -> None:
    sentences = _sentences({1: (3.0, 2.0, 1.0)})

    assert "1 subject (seed) x 3 levels (interval)." in sentences
    assert "val_loss: lowest value 1.0000 at level 2, the last." in sentences
    assert "warning: val_loss: 1 seed used; report values, draw no inference." in sentences


def test_one_seed_that_rises_has_a_size_and_no_interval() -> None:
    assert "val_loss: lowest value 1.0000 at level 1; final minus minimum 1.5000." in _sentences({1: (3.0, 1.0, 2.5)})


def test_one_level_is_no_trajectory() -> None:
    sentences = _sentences({seed: row[:1] for seed, row in FALLING.items()})

    assert "3 subjects (seed) x 1 level (interval)." in sentences
    assert "val_loss: mean 3.0000 at level 0, the only one." in sentences
    assert "warning: val_loss: 1 level used; nothing can be said of a trajectory." in sentences
    assert not any("lowest" in sentence for sentence in sentences)


def test_minimum_that_comes_back_at_the_end_is_at_its_first_place() -> None:
    tied = {1: (3.0, 1.0, 2.0, 1.0), 2: (3.0, 1.5, 2.0, 1.5), 3: (3.0, 1.2, 2.0, 1.2)}

    (lowest,) = [sentence for sentence in _sentences(tied) if "lowest" in sentence]
    assert lowest == "val_loss: lowest mean 1.2333 at level 1; none of the 3 ends above its minimum."


def test_rise_that_is_the_same_for_every_seed_has_no_interval_in_words() -> None:
    (rise,) = [sentence for sentence in _sentences(dict.fromkeys((1, 2, 3), (3.0, 1.0, 2.0))) if "final" in sentence]

    assert rise.endswith("final minus minimum 1.0000 (the same for every seed, n = 3), positive in 3 of 3.")


def test_metric_that_does_not_change_is_said_once_and_not_tested() -> None:
    (said,) = [sentence for sentence in _sentences({1: (2.0, 2.0), 2: (2.0, 2.0)}) if sentence.startswith("val_loss")]

    assert (
        said == "val_loss: the metric does not change: 2.0000 at every level of every seed; there is nothing to test."
    )


def test_seeds_of_one_value_each_are_said_with_their_range() -> None:
    (said,) = [sentence for sentence in _sentences({1: (2.0, 2.0), 2: (3.0, 3.0)}) if sentence.startswith("val_loss")]

    assert "does not change: each of the 2 has one value at every level, from 2.0000 to 3.0000; there is" in said


def test_seed_that_does_not_change_among_others_that_do_is_named() -> None:
    sentences = _sentences(FALLING | {4: (2.0, 2.0, 2.0)})

    assert "warning: val_loss: seed 4 has one value at every level." in sentences
    assert any("none of the 4 ends above its minimum" in sentence for sentence in sentences)


def test_levels_at_which_all_seeds_agree_are_one_warning() -> None:
    agreeing = {seed: (8.3, 8.0, 3.0 + seed / 10, 2.0 + seed / 7) for seed in (1, 2, 3)}
    said = [sentence for sentence in _sentences(agreeing) if "same value" in sentence]

    assert said == ["warning: val_loss: all seeds have the same value at levels 0 and 1; they are kept."]


def test_copies_are_one_warning_for_each_group() -> None:
    seeds = {1: FALLING[1], 2: FALLING[1], 5: FALLING[1], 3: FALLING[2], 4: FALLING[2]}
    said = [sentence for sentence in _sentences(seeds) if "bit-identical" in sentence]

    assert said == [
        "warning: val_loss: seeds 1, 2 and 5 are bit-identical: one replicate, not 3.",
        "warning: val_loss: seeds 3 and 4 are bit-identical: one replicate, not 2.",
    ]


def test_every_sentence_ends_with_a_full_stop() -> None:
    for losses in (FALLING, ONE_RISES, {1: (3.0, 2.0)}, {1: (3.0,), 2: (2.0,)}, {1: (2.0, 2.0), 2: (2.0, 2.0)}):
        assert all(sentence.endswith(".") and not sentence.endswith("..") for sentence in _sentences(losses))
