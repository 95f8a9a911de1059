"""Write a plan for people."""

from configs.repetition import NUM_PASSES_NEARLY_FREE
from orchestrator.plan import ConditionPlan, Plan
from orchestrator.progress.formatting import duration, joules
from orchestrator.sizes import format_bytes

__all__ = ["plan_as_lines"]

_MOST_LISTED = 8
_WITHOUT_GPU = "unknown: this machine has no GPU"


def plan_as_lines(plan: Plan) -> tuple[str, ...]:
    """One line per fact, warnings last."""
    lines = [
        _line(
            "experiment",
            f"{plan.name}: {_count(len(plan.seeds), 'seed')} ({_listed(tuple(map(str, plan.seeds)))})",
        ),
        _line("a seed changes", " and ".join(control.replace("_", " ") for control in plan.seed_controls)),
    ]
    for condition in plan.conditions:
        lines += _condition_lines(condition, is_only=len(plan.conditions) == 1)
    lines += [
        _line("table", f"{plan.num_rows:,} rows"),
        _line("unique tokens", _unique(plan)),
        _line("slots", _slots(plan)),
        _line("wall time", _WITHOUT_GPU if plan.wall_time_s is None else f"about {duration(plan.wall_time_s)}"),
        _line(
            "memory",
            f"about {format_bytes(plan.memory_per_run_bytes)} per run, "
            f"{format_bytes(max(1, plan.num_concurrent_runs) * plan.memory_per_run_bytes)} in all; "
            f"{format_bytes(plan.memory_available_bytes)} available",
        ),
        *(() if plan.gpu_memory_bytes is None else (_line("GPU memory", _gpu_memory(plan.gpu_memory_bytes)),)),
        _line("disk", f"about {format_bytes(plan.disk_bytes)} in {plan.checkpoints_place}{_free(plan)}"),
    ]
    return (*lines, *(f"warning: {warning}" for warning in _warnings(plan)))


def _condition_lines(condition: ConditionPlan, *, is_only: bool) -> list[str]:
    non_embedding = condition.num_parameters - condition.num_embedding_parameters
    lines = [] if is_only else [_line("condition", condition.name)]
    return [
        *lines,
        _line("parameters", f"{condition.num_parameters:,} ({non_embedding:,} outside the embedding)"),
        _line(
            "per run",
            f"{condition.num_steps:,} steps, {condition.num_tokens:,} tokens, {condition.num_intervals} intervals",
        ),
        _line("passes", "unknown" if condition.passes is None else f"{condition.passes:.2f}"),
        _line("FLOPs", f"{condition.flops_per_run:.3g} per run"),
        _line("speed", _speed(condition)),
        _line("energy", _energy(condition)),
    ]


def _slots(plan: Plan) -> str:
    if not plan.slots:
        return "none: this machine has no GPU"
    return (
        f"{_count(len(plan.slots), 'slot')} of {_count(plan.threads_per_run, 'core')} each "
        f"({_listed(plan.slots)}); {_count(plan.num_concurrent_runs, 'run')} at once"
    )


def _speed(condition: ConditionPlan) -> str:
    if condition.tokens_per_s is None or condition.seconds_per_run is None:
        return _WITHOUT_GPU
    return (
        f"{condition.tokens_per_s:,.0f} tokens/s per run, measured with all slots busy; "
        f"{duration(condition.seconds_per_run)} per run"
    )


def _gpu_memory(needed_bytes: int) -> str:
    return f"about {format_bytes(needed_bytes)}, estimated"


def _energy(condition: ConditionPlan) -> str:
    if condition.tokens_per_s is None:
        return _WITHOUT_GPU
    if condition.kilojoules_per_run is None:
        return "unknown: no meter (`seedscope doctor` says why)"
    return f"about {joules(1e3 * condition.kilojoules_per_run)} per run ({condition.energy_source})"


def _unique(plan: Plan) -> str:
    number = "" if plan.text.unique_tokens is None else f"{plan.text.unique_tokens:,} "
    return f"{number}({plan.text.source})"


def _warnings(plan: Plan) -> list[str]:
    warnings = [*plan.rate_warnings, *plan.text.warnings]
    repeated = [condition for condition in plan.conditions if (condition.passes or 0) > NUM_PASSES_NEARLY_FREE]
    warnings += [
        f"{condition.name} reads its text {condition.passes:.1f} times; beyond {NUM_PASSES_NEARLY_FREE} passes "
        "repetition costs, and a rising validation loss may be memorisation and no effect of the token budget."
        for condition in repeated
    ]
    if plan.num_concurrent_runs * plan.memory_per_run_bytes > plan.memory_available_bytes:
        warnings.append("all runs together need more memory than is available; lower placement.max_concurrent_runs.")
    if plan.disk_free_bytes is not None and plan.disk_bytes > plan.disk_free_bytes:
        warnings.append("the disk has too little room, so the run would be refused; choose another place.")
    return warnings


def _free(plan: Plan) -> str:
    return "" if plan.disk_free_bytes is None else f"; {format_bytes(plan.disk_free_bytes)} free"


def _line(topic: str, fact: str) -> str:
    return f"{topic:<15} {fact}"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_MOST_LISTED]) + (", ..." if len(names) > _MOST_LISTED else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
