"""A budget that cuts the learning rate's way short is warned of, with the remedy."""

import pytest

from configs.load import load_experiment
from configs.preset_files import preset_names
from configs.rate_warnings import rate_warnings

# Of quickstart: warm-up to 2e-3 over 20,480 tokens, decay to 2e-4 at 409,600; steps of 1,024 tokens.
HALF = "schedule.budget_tokens=204800"


def _warnings(*overrides: str) -> tuple[str, ...]:
    return rate_warnings(load_experiment("quickstart", overrides=overrides))


def test_budget_before_the_end_of_the_decay_is_warned_of():
    # python3 -c "from math import *; d=(204800-1024-20480)/(409600-20480); print(2e-4 + .5*(1+cos(pi*d))*1.8e-3)"
    # gives 0.0011817...
    assert _warnings(HALF) == (
        "The run ends after 204,800 tokens, before the decay: the learning rate is 0.00118 then and never reaches "
        "its final 0.0002; set optimization.decay_tokens=204800, or raise schedule.budget_tokens to at least 409600.",
    )


def test_budget_inside_the_warm_up_is_warned_of():
    # The last step is taken after 19,456 tokens: 2e-3 x 19456 / 20480 = 0.0019.
    assert _warnings("schedule.budget_tokens=20480") == (
        "The run ends after 20,480 tokens, inside the warm-up: the learning rate rises to 0.0019 and never reaches its "
        "peak of 0.002; lower optimization.warmup_tokens=20480 and optimization.decay_tokens=409600, or raise "
        "schedule.budget_tokens.",
    )


def test_each_remedy_ends_the_warning():
    assert _warnings(HALF, "optimization.decay_tokens=204800") == ()
    assert _warnings(HALF, "schedule.budget_tokens=409600") == ()


@pytest.mark.parametrize(
    "name", sorted(set(preset_names()) - {"token-scale-tinyllama"})
)  # it needs a model's directory
def test_presets_end_as_they_should(name):
    assert rate_warnings(load_experiment(name)) == ()


def test_rate_that_stays_as_it_is_has_no_end_to_reach():
    assert _warnings(HALF, "optimization.final_learning_rate=2.0e-3") == ()


def test_last_step_that_goes_past_the_budget_reaches_the_end():
    # Steps of 1,024 tokens end at 410,624, the first at or past 409,800.
    assert (
        _warnings("optimization.decay_tokens=410000", "schedule.budget_tokens=409800", "schedule.every_tokens=20490")
        == ()
    )


def test_only_the_condition_that_is_cut_short_is_named():
    warnings = _warnings("conditions={short: {schedule.budget_tokens: 204800}, long: {}}")

    assert [warning.split(" tokens")[0] for warning in warnings] == ["short: The run ends after 204,800"]
