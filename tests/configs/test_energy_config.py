"""The energy section refuses what cannot be metered, in one sentence."""

import pytest
from pydantic import ValidationError

from configs.energy import EnergyConfig


def test_no_model_is_taken_unless_asked_for():
    assert EnergyConfig().source == "auto"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"source": "modelled"}, "source 'modelled' needs watts_per_core"),
        ({"source": "external"}, "source 'external' needs file"),
        ({"source": "rapl", "watts_per_core": 10}, "watts_per_core=10.0 belongs to source 'modelled', not to 'rapl'"),
        ({"file": "power.csv"}, "file=power.csv belongs to source 'external', not to 'auto'"),
        ({"source": "modelled", "watts_per_core": 0}, "greater than 0"),
        ({"source": "guess"}, "Input should be"),
    ],
)
def test_what_does_not_fit_is_refused(values, sentence):
    with pytest.raises(ValidationError, match=sentence):
        EnergyConfig.model_validate(values)
