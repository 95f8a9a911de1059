"""Say where a budget ends before the learning rate has gone the way that it was given."""

from configs.experiment import ExperimentConfig
from configs.optimization import OptimizationConfig
from configs.schedule import ScheduleConfig

__all__ = ["rate_warning", "rate_warnings"]


def rate_warnings(config: ExperimentConfig) -> tuple[str, ...]:
    """One sentence for each condition whose learning rate does not reach its end, which names it if it has a name."""
    warnings = []
    for name in config.condition_names:
        resolved = config.for_condition(name)
        warning = rate_warning(resolved.optimization, schedule=resolved.schedule)
        if warning is not None:
            warnings.append(f"{name}: {warning}" if config.conditions else warning)
    return tuple(warnings)


def rate_warning(optimization: OptimizationConfig, *, schedule: ScheduleConfig) -> str | None:
    """One sentence where a run ends inside its warm-up, or before the decay does; None elsewhere.

    Args:
        optimization: The learning rate by tokens.
        schedule: How many tokens a run sees.
    """
    num_tokens = schedule.num_tokens
    last_rate = optimization.rate_at(num_tokens - schedule.tokens_per_step)
    if num_tokens <= optimization.warmup_tokens:
        return (
            f"The run ends after {num_tokens:,} tokens, inside the warm-up: the learning rate rises to {last_rate:.3g} "
            f"and never reaches its peak of {optimization.learning_rate:g}; lower "
            f"optimization.warmup_tokens={optimization.warmup_tokens} and "
            f"optimization.decay_tokens={optimization.decay_tokens}, or raise schedule.budget_tokens."
        )
    if num_tokens < optimization.decay_tokens and last_rate > optimization.final_learning_rate:
        return (
            f"The run ends after {num_tokens:,} tokens, before the decay: the learning rate is {last_rate:.3g} then "
            f"and never reaches its final {optimization.final_learning_rate:g}; set "
            f"optimization.decay_tokens={schedule.budget_tokens}, or raise schedule.budget_tokens to at least "
            f"{optimization.decay_tokens}."
        )
    return None
