"""Say what the runs used, what it bought, and what came after the minimum."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from matplotlib.figure import Figure

from analysis.few_seeds import is_only_described, why_no_p
from analysis.figures.canvas import Canvas, new_axes
from analysis.figures.loss_energy import plot_loss_energy
from analysis.report.blocks import Block, FigureBlock, Note, Paragraph, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.numbers import is_defined, number, p_cell, share, why
from analysis.report.section import AbstractSection
from configs.counted import counted

__all__ = ["Energy"]

_HEIGHT = 320


@final
class Energy(AbstractSection):
    """Joules by condition, loss against energy, repeated measures over the conditions, the published metric."""

    id = "energy"
    title = "Energy"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether joules of one label are known, or the published metric can be made."""
        energy = facts.statistics.get("energy")
        if not is_defined(energy) or energy is None:
            return False
        return "provenance" in energy or is_defined(energy["trials"]) or is_defined(energy["legacy"])

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """An experiment's own energy, or that of a table of trials."""
        energy = facts.statistics["energy"]
        if "provenance" in energy:
            return _experiment(energy)
        blocks: list[Block] = []
        if is_defined(energy["trials"]):
            blocks += [_provenance(energy["trials"]["provenance"]), *_quantities(energy["trials"]["quantities"])]
        if is_defined(energy["self_check"]):
            blocks.append(_self_check(energy["self_check"]))
        if is_defined(energy["legacy"]):
            blocks += _legacy(energy["legacy"])
        return blocks


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _experiment(energy: Mapping[str, Any]) -> list[Block]:
    blocks: list[Block] = [_provenance(energy["provenance"]), _conditions(energy["conditions"])]
    if energy["frontier"]:
        blocks.append(_frontier(energy["frontier"]))
    after = next(iter(energy["conditions"].values()))["after_minimum"]
    if is_defined(after):
        blocks.append(Paragraph(after["note"]))
    if is_defined(energy["between_conditions"]):
        blocks += _quantities(energy["between_conditions"]["quantities"])
    return blocks


def _provenance(provenance: Mapping[str, Any]) -> Block:
    text = f"The source of the joules is {', '.join(provenance['sources'])}."
    if provenance["num_unknown"]:
        unknown = provenance["num_unknown"]
        text += f" {counted(unknown, 'interval')} {'has' if unknown == 1 else 'have'} no known energy, in no sum."
    share = provenance["mean_foreign_cpu_share"]
    if share is not None:
        text += f" Other processes used {share:.0%} of the hosts' CPU time meanwhile."
    if provenance["label"] == "modelled":
        return Note(f"{text} A modelled number follows its model: a test on it is a test on what the model is made of.")
    return Paragraph(text)


def _conditions(conditions: Mapping[str, Any]) -> TableBlock:
    rows = []
    for name, condition in conditions.items():
        last, after = condition["intervals"][-1], condition["after_minimum"]
        kilojoules, gained = last["kilojoules"], last["nats_per_kj"]
        is_known = is_defined(kilojoules["mean"])
        share = after["share_after"]["mean"] if is_defined(after) else None
        rows.append(
            (
                name,
                str(condition["num_seeds"]),
                f"{condition['tokens']:,.0f}",
                _digits(kilojoules["mean"]),
                _span(kilojoules),
                _digits(1e3 * kilojoules["mean"] / condition["tokens"] if is_known else None),
                _digits(gained["mean"] if is_defined(gained) else None),
                number(share, digits=2),
            )
        )
    return TableBlock(
        name="energy-by-condition",
        caption="Energy of whole runs, means over seeds, with the 95 % t interval of the energy; idle power included. "
        "Nats: initial minus final held-out loss. Last column: share of the energy after the lowest loss.",
        columns=("condition", "seeds", "tokens", "kJ", "95 % t interval", "J/token", "nats/kJ", "after minimum"),
        rows=tuple(rows),
    )


def _frontier(points: Sequence[Mapping[str, Any]]) -> FigureBlock:
    def draw(canvas: Canvas) -> Figure:
        figure, (axes,) = new_axes(canvas, height=_HEIGHT)
        plot_loss_energy(axes, points)
        return figure

    best = [point for point in points if point["is_on_frontier"]]
    lowest = min(points, key=lambda point: float(point["val_loss"]))
    return FigureBlock(
        "loss-energy",
        caption="Held-out loss (nats per token) against energy per run (kJ, log scale), means over seeds by interval; "
        "rings: no other point has both less energy and less loss.",
        alt=f"The lowest mean loss, {number(lowest['val_loss'])} nats, took {_digits(lowest['kilojoules'])} kJ "
        f"({lowest['condition']}); {len(best)} of {len(points)} points are on the frontier.",
        draw=draw,
        table=TableBlock(
            name="loss-energy",
            caption="The points of the figure.",
            columns=("condition", "interval", "tokens", "kJ", "loss", "on frontier"),
            rows=tuple(
                (
                    point["condition"],
                    str(point["interval"]),
                    f"{point['tokens']:,.0f}",
                    _digits(point["kilojoules"]),
                    number(point["val_loss"]),
                    "yes" if point["is_on_frontier"] else "",
                )
                for point in points
            ),
            is_folded=True,
        ),
    )


def _quantities(quantities: Mapping[str, Any]) -> list[Block]:
    rows = []
    for name, quantity in quantities.items():
        anova = quantity["statistics"].get("rm_anova") or quantity["statistics"]
        means = [_digits(level["interval"]["mean"]) for level in quantity["levels"]]
        tests = ("\N{EN DASH}", "\N{EN DASH}", why(anova))
        if is_defined(anova):
            tests = (number(anova["F"], digits=2), *_p_cells(quantity["statistics"], anova=anova))
        rows.append((name.replace("_", " "), quantity["unit"], *means, quantity["tested"], *tests))
    levels = [str(level["level"]) for level in next(iter(quantities.values()))["levels"]]
    notes = dict.fromkeys(f"{name.replace('_', ' ')}: {one['note']}" for name, one in quantities.items() if one["note"])
    return [
        TableBlock(
            name="energy-quantities",
            caption="Whole runs compared, paired by subject: means by level, then F of the repeated measures with "
            "Greenhouse-Geisser's p and the sign-flip p, on the logarithm where the quantity is a ratio.",
            columns=("quantity", "unit", *levels, "tested", "F", "p GG", "p sign-flip"),
            rows=tuple(rows),
        ),
        *(Paragraph(note) for note in notes),
    ]


def _p_cells(part: Mapping[str, Any], *, anova: Mapping[str, Any]) -> tuple[str, str]:
    """The headline's p and the exact one; of too few seeds the reason why none is shown."""
    if is_only_described(part["num_subjects"]):
        return ("\N{EN DASH}", why_no_p(part["num_subjects"]))
    return (p_cell(anova["p"]["gg"]), p_cell(part["sign_flip"]["p"] if is_defined(part["sign_flip"]) else None))


def _self_check(checks: Mapping[str, Any]) -> Paragraph:
    parts = [
        f"{name.removeprefix('energy_').removesuffix('_joules')} power integrated over the counter: mean ratio "
        f"{number(check['mean'])}, {number(check['min'])} to {number(check['max'])} over "
        f"{counted(check['num_trials'], 'trial')}"
        for name, check in checks.items()
    ]
    return Paragraph(f"Self-check: {'; '.join(parts)}.")


def _legacy(legacy: Mapping[str, Any]) -> list[Block]:
    rows = tuple(
        (
            f"{split['a']} to {split['b']}",
            number(split["delta_ln_pe"], digits=3),
            number(split["tokens"], digits=3),
            number(split["quality"], digits=3),
            number(split["power"], digits=3),
            share(split["mechanical_share"]),
        )
        for split in legacy["splits"]
    )
    tests = tuple(
        (title, number(legacy[key]["rm_anova"]["F"], digits=2), _p_cells(legacy[key], anova=legacy[key]["rm_anova"])[0])
        for key, title in (("raw", "PE as published"), ("without_tokens", "ln(PE x tokens)"))
        if is_defined(legacy[key]["rm_anova"])
    )
    return [
        Note(f"Parameter efficiency as published (legacy): {legacy['formula']}. {legacy['note']}"),
        TableBlock(
            name="legacy-split",
            caption="Change of ln PE between levels, mean over subjects, and its exact parts.",
            columns=("levels", "ln PE", "tokens (arithmetic)", "quality", "power", "share of arithmetic"),
            rows=rows,
        ),
        TableBlock(
            name="legacy-tests",
            caption="The same repeated measures with the token count in the denominator and without it.",
            columns=("on", "F", "p GG"),
            rows=tests,
        ),
    ]


def _digits(value: Any) -> str:
    """Four significant digits: energies span many orders of magnitude."""
    return f"{value:,.4g}" if isinstance(value, int | float) else "\N{EN DASH}"


def _span(interval: Mapping[str, Any]) -> str:
    low, high = interval["ci95_low"], interval["ci95_high"]
    return f"[{_digits(low)}, {_digits(high)}]" if is_defined(low) else f"no interval: {why(low)}"
