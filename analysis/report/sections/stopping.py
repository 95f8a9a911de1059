"""Say what was trained after the minimum, and what a stopping rule would have cost."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from analysis.report.blocks import Block, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, of_condition, sentence
from analysis.report.numbers import is_defined, number, span_text, why
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
        how = _rules if _is_any_stopped(stopping) else _no_stop
        blocks.append(how(stopping, condition=condition, facts=facts))
    if is_defined(stopping["marginal_gain"]) and stopping["marginal_gain"]:
        blocks.append(_gains(stopping, condition=condition, facts=facts))
    return blocks


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _where(stopping: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> str:
    reached = stopping["to_minimum"]
    whose = of_condition(condition, facts=facts)
    if not is_defined(reached) or not is_defined(reached["mean"]):
        return f"{whose}where the minimum lies is undefined: {condition.said(why(reached))}."
    seeds = "the seed reaches its" if reached["n"] == 1 else "the seeds reach their"
    text = f"{seeds} minimum at {_place(reached, axis=stopping['axis'])}{_interval(reached)}"
    said = f" {condition.said(stopping['note'])}" if _is_any_stopped(stopping) else ""
    return f"{whose}{sentence(f'{text}{_after(stopping)}')}{said}"


def _is_any_stopped(stopping: Mapping[str, Any]) -> bool:
    return is_defined(stopping["rules"]) and any(rule["num_stopped"] for rule in stopping["rules"])


def _after(stopping: Mapping[str, Any]) -> str:
    after, share = stopping["after_minimum"], stopping["share_after_minimum"]
    if not is_defined(after) or not is_defined(share) or not is_defined(share["mean"]):
        return ""
    if after["mean"] == 0:
        return ", where the training ends, so that nothing came after it"
    return f", and {'goes' if after['n'] == 1 else 'go'} on for {_amount(after)} more, {_percent(share)} of the whole"


def _percent(share: Mapping[str, Any]) -> str:
    return f"{100 * share['mean']:.0f} %"


def _place(interval: Mapping[str, Any], *, axis: str) -> str:
    return f"{_amount(interval)} tokens" if axis == "tokens" else f"{axis} {_amount(interval)}"


def _amount(interval: Mapping[str, Any]) -> str:
    mean = interval["mean"]
    return number(mean, digits=0 if abs(mean) >= 1000 else 1) if mean < 1e7 else f"{mean:,.0f}"


def _interval(interval: Mapping[str, Any]) -> str:
    low, high = interval["ci95_low"], interval["ci95_high"]
    if not is_defined(low):
        return f" (n = {interval['n']})"
    if interval["sd"] == 0:
        return f" (all of them, n = {interval['n']})"
    digits = 0 if abs(interval["mean"]) >= 1000 else 1
    return f" on average (95 % t interval [{max(low, 0):,.{digits}f}, {high:,.{digits}f}], n = {interval['n']})"


def _no_stop(stopping: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> Paragraph:
    rules = ", ".join(str(rule["rule"]) for rule in stopping["rules"])
    text = f"no seed would have been stopped by any of these rules: {condition.said(rules)}."
    return Paragraph(caption(condition, facts=facts, text=text))


def _rules(stopping: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> TableBlock:
    return TableBlock(
        name=block_name("stopping-rules", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text="when a rule would have stopped, in hindsight, and what it would have cost: means over "
            "seeds. Lost: the kept checkpoint's loss minus the run's lowest, nats per token, with "
            "its 95 % t interval; it cannot be below zero. Against the end: minus the final loss. Saved: "
            f"{stopping['axis']} not trained.",
        ),
        columns=("rule", "stopped", "lost", "95 % t interval", "against the end", "share saved"),
        rows=tuple(_rule(rule, condition=condition) for rule in stopping["rules"]),
    )


def _rule(rule: Mapping[str, Any], *, condition: Condition) -> tuple[str, ...]:
    lost, ends, share = rule["nats_lost"], rule.get("nats_against_end"), rule["share_saved"]
    return (
        condition.said(str(rule["rule"])),
        f"{rule['num_stopped']} of {rule['num_seeds']}",
        number(lost["mean"]) if is_defined(lost) else "–",
        span_text(lost, least=0.0),
        number(ends["mean"]) if is_defined(ends) else "–",
        _percent(share) if is_defined(share) and is_defined(share["mean"]) else "–",
    )


def _gains(stopping: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> TableBlock:
    rows = stopping["marginal_gain"]
    columns = {
        "from": [str(row["from_level"]) for row in rows],
        "to": [str(row["to_level"]) for row in rows],
        "gain": [number(row["gain"]["mean"]) if is_defined(row["gain"]) else "–" for row in rows],
    }
    summed = ""
    if condition.num_subjects > 1:
        columns["95 % t interval"] = [span_text(row["gain"]) for row in rows]
        summed = f": mean and 95 % t interval over seeds (n = {condition.num_subjects})"
    if any(is_defined(row["gain_per_joule"]) for row in rows):
        columns["per joule"] = [
            number(row["gain_per_joule"]["mean"]) if is_defined(row["gain_per_joule"]) else "–" for row in rows
        ]
    return TableBlock(
        name=block_name("marginal-gain", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"what each {condition.level_noun} gained, {rows[0]['unit']}{summed}; negative is a loss.",
        ),
        columns=tuple(columns),
        rows=tuple(zip(*columns.values(), strict=True)),
        is_folded=True,
    )
