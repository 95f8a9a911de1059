"""Say what was trained after the minimum, and what a stopping rule would have cost."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from analysis.report.blocks import Block, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, of_condition
from analysis.report.numbers import interval_text, is_defined, number, why
from analysis.report.section import AbstractSection

__all__ = ["Stopping"]


@final
class Stopping(AbstractSection):
    """Tokens to the minimum, tokens after it, patience rules in hindsight."""

    id = "stopping"
    title = "Stopping"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether some condition has it."""
        return any(is_defined(condition.statistics.get("stopping")) for condition in facts.conditions)

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """A sentence and a table of rules, for each condition."""
        return [
            block
            for condition in facts.conditions
            if is_defined(condition.statistics.get("stopping"))
            for block in _of_condition(condition, facts=facts)
        ]


def _of_condition(condition: Condition, *, facts: ReportFacts) -> list[Block]:
    stopping = condition.statistics["stopping"]
    blocks: list[Block] = [Paragraph(_where(stopping, condition=condition, facts=facts))]
    if is_defined(stopping["rules"]) and stopping["rules"]:
        blocks.append(_rules(stopping, condition=condition, facts=facts))
    if is_defined(stopping["marginal_gain"]) and stopping["marginal_gain"]:
        blocks.append(_gains(stopping, condition=condition, facts=facts))
    return blocks


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _where(stopping: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> str:
    reached, after = stopping["to_minimum"], stopping["after_minimum"]
    share = stopping["share_after_minimum"]
    if not is_defined(reached) or not is_defined(reached["mean"]):
        return f"{of_condition(condition, facts=facts)}where the minimum lies is undefined: {why(reached)}."
    text = (
        f"{of_condition(condition, facts=facts)}The seeds reach their minimum at "
        f"{_place(reached, axis=stopping['axis'])}{_interval(reached)}"
    )
    if is_defined(after) and is_defined(share) and is_defined(share["mean"]):
        text += f", and go on for {_amount(after)} more, {100 * share['mean']:.0f} % of the whole"
    note = stopping.get("note")
    return f"{text}." + (f" {note}" if isinstance(note, str) else "")


def _place(interval: Mapping[str, Any], *, axis: str) -> str:
    return f"{_amount(interval)} tokens" if axis == "tokens" else f"{axis} {_amount(interval)}"


def _amount(interval: Mapping[str, Any]) -> str:
    mean = interval["mean"]
    return number(mean, digits=0 if abs(mean) >= 1000 else 1) if mean < 1e7 else f"{mean:,.0f}"


def _interval(interval: Mapping[str, Any]) -> str:
    low, high = interval["ci95_low"], interval["ci95_high"]
    if not is_defined(low):
        return f" (n = {interval['n']})"
    digits = 0 if abs(interval["mean"]) >= 1000 else 1
    return f" (95 % t interval [{low:,.{digits}f}, {high:,.{digits}f}], n = {interval['n']})"


def _rules(stopping: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> TableBlock:
    return TableBlock(
        name=block_name("stopping-rules", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"when a rule would have stopped, in hindsight, and what it would "
            "have cost: means over seeds. Lost: the kept checkpoint's loss minus the run's lowest, nats per token, "
            f"with its 95 % t interval; against the end: minus the final loss. Saved: {stopping['axis']} not trained.",
        ),
        columns=("rule", "stopped", "lost", "95 % t interval", "against the end", "share saved"),
        rows=tuple(_rule(rule) for rule in stopping["rules"]),
    )


def _rule(rule: Mapping[str, Any]) -> tuple[str, ...]:
    lost, ends, share = rule["nats_lost"], rule.get("nats_against_end"), rule["share_saved"]
    has_interval = is_defined(lost) and is_defined(lost["ci95_low"])
    return (
        str(rule["rule"]),
        f"{rule['num_stopped']} of {rule['num_seeds']}",
        number(lost["mean"]) if is_defined(lost) else "–",
        interval_text(lost["ci95_low"], lost["ci95_high"]) if has_interval else "–",
        number(ends["mean"]) if is_defined(ends) else "–",
        f"{100 * share['mean']:.0f} %" if is_defined(share) and is_defined(share["mean"]) else "–",
    )


def _gains(stopping: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> TableBlock:
    rows = stopping["marginal_gain"]
    return TableBlock(
        name=block_name("marginal-gain", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"what each {condition.within} gained, {rows[0]['unit']}: mean and "
            f"95 % t interval over seeds (n = {condition.num_subjects}); negative is a loss.",
        ),
        columns=("from", "to", "gain", "95 % t interval", "per joule"),
        rows=tuple(
            (
                str(row["from_level"]),
                str(row["to_level"]),
                number(row["gain"]["mean"]) if is_defined(row["gain"]) else "–",
                _gain_interval(row["gain"]),
                number(row["gain_per_joule"]["mean"]) if is_defined(row["gain_per_joule"]) else "–",
            )
            for row in rows
        ),
        is_folded=True,
    )


def _gain_interval(gain: Any) -> str:
    if not is_defined(gain) or not is_defined(gain["ci95_low"]):
        return "–"
    return interval_text(gain["ci95_low"], gain["ci95_high"])
