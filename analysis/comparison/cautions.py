"""Say what weakens the evidence of a comparison: runs that never ended, copies, and pairs in name only."""

from collections.abc import Sequence

from analysis.comparison.copies import Copy
from analysis.comparison.sharing import SharedBySeeds, Sharing
from analysis.comparison.side import Side
from analysis.comparison.wording import seeds_text
from analysis.condition_pairing import MIN_SHARED_SEEDS
from configs.counted import counted

__all__ = ["caution"]

COMPLETED = "completed"  # as the manifest writes the state of a run that reached its end


def caution(sides: Sequence[Side], *, copies: Sequence[Copy], sharing: Sequence[SharedBySeeds]) -> tuple[str, ...]:
    """One sentence per reason.

    Args:
        sides: Two or more.
        copies: Pairs of them that hold the same measurements.
        sharing: What seeds of one number have in common, by pair.
    """
    known = {side.name for side in sides if side.manifest is not None}
    paired = [shared for shared in sharing if {shared.a, shared.b} <= known and shared.num_seeds >= MIN_SHARED_SEEDS]
    sentences = (
        *(_unfinished(side) for side in sides),
        *(_copied(copy) for copy in copies),
        *(_paired_in_name(shared) for shared in paired),
    )
    return tuple(sentence for sentence in sentences if sentence is not None)


def _unfinished(side: Side) -> str | None:
    states = [run["state"] for run in side.runs.values() if "state" in run]
    num_completed = sum(state == COMPLETED for state in states)
    if num_completed == len(states):
        return None
    return (
        f"{side.name} is unfinished: {num_completed} of {counted(len(states), 'run')} completed, and what has not been "
        "measured is missing here"
    )


def _copied(copy: Copy) -> str:
    if copy.is_whole:
        return (
            f"{copy.a} and {copy.b} hold the same losses bit for bit: one replays the other, and they are one piece of "
            "evidence, not two"
        )
    return (
        f"{copy.a} and {copy.b} hold the same losses bit for bit for {seeds_text(copy.seeds)}, wherever both were "
        "measured: one replays the other or is its beginning, and there they are one piece of evidence, not two"
    )


def _paired_in_name(shared: SharedBySeeds) -> str | None:
    things = {"initial weights": shared.initial_weights, "data order": shared.data_order}
    if {Sharing.SHARED, Sharing.MIXED} & set(things.values()):
        return None
    numbers = f"seeds of {shared.a} and {shared.b} share their numbers"
    unknown = " and ".join(name for name, sharing in things.items() if sharing is Sharing.UNKNOWN)
    if not unknown:
        return (
            f"{numbers}, and neither initial weights nor data order: pairing them by seed removes little of the spread"
        )
    different = "".join(f" and not their {name}" for name, sharing in things.items() if sharing is Sharing.DIFFERENT)
    return (
        f"{numbers}{different}; whether they share their {unknown} is not known, and if they do not, pairing them by "
        "seed removes little of the spread"
    )
