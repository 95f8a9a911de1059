"""Seeds measured at different levels meet on the same ones only by a declared rule."""

import pytest

from analysis import analyze_frame
from configs.errors import TableError

# Coarse: 0, 100, 200. Fine: every 50 up to 150. Seed 3 ends at 200 as well, on its own steps.
UNEQUAL = "seed,step,val_loss\n" + "".join(
    f"{seed},{step},{loss}\n"
    for seed, points in {
        1: [(0, 4.0), (100, 2.0), (200, 1.0)],
        2: [(0, 4.2), (50, 3.0), (100, 2.2), (150, 1.4), (250, 1.0)],
        3: [(0, 4.4), (80, 2.4), (160, 1.6), (240, 1.2)],
    }.items()
    for step, loss in points
)


def test_unequal_levels_are_refused_with_both_rules_named(write, load):
    with pytest.raises(TableError) as caught:
        load(write("losses.csv", UNEQUAL))

    said = str(caught.value)
    assert "seed 1 has 0, 100, 200, seed 2 has 5 (0, 50, 100, ...)" in said
    assert "every seed has 1 of 9" in said
    assert "--align interpolate" in said
    assert "--align intersect" in said
    assert "\n" not in said


def test_intersection_keeps_what_every_seed_has(write, load, cells):
    text = UNEQUAL + "3,100,2.3\n"

    loaded = load(write("losses.csv", text), align="intersect")

    assert cells(loaded) == {(1, 0): 4.0, (1, 100): 2.0, (2, 0): 4.2, (2, 100): 2.2, (3, 0): 4.4, (3, 100): 2.3}
    assert (
        "2 of 9 levels of 'step' are there for every seed; 7 of 13 measurements are set aside" in loaded.audit.notes[0]
    )


def test_interpolation_reads_straight_lines_at_the_coarsest_seeds_levels(write, load, cells):
    loaded = load(write("losses.csv", UNEQUAL), align="interpolate")

    # By hand: seed 2 at 200 is midway of 1.4 and 1.0; seed 3 at 100 is 1/4 and at 200 1/2 of its way.
    expected = {
        (1, 0): 4.0,
        (1, 100): 2.0,
        (1, 200): 1.0,
        (2, 0): 4.2,
        (2, 100): 2.2,
        (2, 200): 1.2,
        (3, 0): 4.4,
        (3, 100): 2.2,
        (3, 200): 1.4,
    }
    assert cells(loaded) == pytest.approx(expected)
    assert (
        "at the 3 levels of seed 1, the coarsest, from 0 to 200 of 'step': 3 of 9 values are read off"
        in loaded.audit.notes[0]
    )


def test_nothing_is_read_beyond_the_range_that_all_share(write, load, cells):
    text = "seed,tokens,val_loss\n1,0,4\n1,1000,3\n1,2000,2\n2,500,3.6\n2,1500,2.6\n2,2500,1.6\n"

    loaded = load(write("losses.csv", text), align="interpolate")

    assert {level for _, level in cells(loaded)} == {1000, 2000}


def test_each_metric_is_aligned_by_itself(write, load):
    text = "seed,step,a,b\n1,0,1,5\n1,10,2,\n2,0,1,6\n2,20,3,7\n1,20,,9\n"

    loaded = load(write("two.csv", text), align="intersect", metrics=("a", "b"))

    assert loaded.frame.dropna()["step"].tolist() == [0, 0]
    assert set(loaded.frame.loc[loaded.frame["b"].notna(), "step"]) == {0, 20}


def test_a_few_missing_cells_are_left_for_the_audit(write, load):
    rows = [f"{seed},{step},{seed + step}" for seed in (1, 2, 3, 4) for step in range(5)]
    loaded = load(write("losses.csv", "seed,step,val_loss\n" + "\n".join(rows[:-1])))

    statistics = analyze_frame(loaded.frame, loaded.subject, loaded.within, loaded.metrics)

    dropped = [item for item in statistics["audit"]["dropped"] if item["what"] == "seed"]
    assert [(item["id"], item["why"]) for item in dropped] == [("4", "missing at level 4")]


def test_one_longer_run_does_not_drop_all_others(write, load):
    rows = [f"{seed},{step},{seed + step}" for seed in (1, 2, 3, 4) for step in range(5 + 3 * (seed == 4))]

    with pytest.raises(TableError, match="different levels of 'step': seed 1 has 5"):
        load(write("losses.csv", "seed,step,val_loss\n" + "\n".join(rows)))


def test_declared_dropping_of_levels_is_a_rule_too(write, load):
    loaded = load(write("losses.csv", UNEQUAL), missing="drop-levels")

    statistics = analyze_frame(loaded.frame, loaded.subject, loaded.within, loaded.metrics, missing="drop-levels")

    assert statistics["design"]["num_levels"] == 1


def test_levels_that_are_no_numbers_cannot_be_interpolated(write, load):
    text = "seed,step,val_loss\n1,pre,4\n1,mid,3\n2,pre,4\n2,post,3\n"

    with pytest.raises(TableError, match="needs levels of 'step' that are numbers; use --align intersect"):
        load(write("losses.csv", text), align="interpolate")
    with pytest.raises(TableError, match="declare --align intersect"):
        load(write("losses.csv", text))


@pytest.mark.parametrize(("align", "said"), [("intersect", "leaves nothing"), ("interpolate", "share no range")])
def test_seeds_that_share_nothing_cannot_be_aligned(write, load, align, said):
    with pytest.raises(TableError, match=said):
        load(write("losses.csv", "seed,step,val_loss\n1,0,4\n1,1,3\n2,5,4\n2,6,3\n"), align=align)


def test_rule_without_need_is_said_to_have_done_nothing(write, load):
    loaded = load(write("losses.csv", "seed,step,val_loss\n1,0,4\n1,1,3\n2,0,4\n2,1,3\n"), align="interpolate")

    assert loaded.audit.notes == ("--align interpolate: the seeds share their levels; nothing had to be aligned",)


def test_each_nth_level_and_the_last_are_taken_on_request(write, load):
    rows = "".join(f"{seed},{step},{seed + step}\n" for seed in (1, 2) for step in range(0, 1000, 100))

    loaded = load(write("losses.csv", "seed,step,val_loss\n" + rows), every=4)

    assert sorted(set(loaded.frame["step"])) == [0, 400, 800, 900]
    assert loaded.audit.notes == ("of 10 levels one in 4 and the last are analysed, 4 in all (--every 4)",)


def test_very_many_levels_are_thinned_and_told(write, load):
    rows = "".join(f"{seed},{step},{step}\n" for seed in (1, 2) for step in range(25_000))
    path = write("losses.csv", "seed,step,val_loss\n" + rows)

    loaded = load(path)

    assert loaded.frame["step"].nunique() == 8_334
    assert loaded.audit.notes[0].startswith("of 25,000 levels one in 3 and the last are analysed, 8,334 in all")
    assert load(path, every=1).frame["step"].nunique() == 25_000


def test_conditions_are_aligned_apart(write, load):
    text = "condition,seed,step,val_loss\n" + "".join(
        f"{condition},{seed},{step},{seed + step}\n"
        for condition, steps in {"a": {1: (0, 10), 2: (0, 10, 20)}, "b": {1: (0, 5), 2: (0, 5)}}.items()
        for seed in (1, 2)
        for step in steps[seed]
    )

    loaded = load(write("losses.csv", text), align="intersect")

    assert set(zip(loaded.frame["condition"], loaded.frame["step"], strict=True)) == {
        ("a", 0),
        ("a", 10),
        ("b", 0),
        ("b", 5),
    }
