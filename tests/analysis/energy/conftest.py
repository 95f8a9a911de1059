"""Trials that look like the published ones."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

# Means and standard deviations of the 150 published trials (arXiv 2601.06649, the author's run logs): 1/PPL, RMS watts,
# power samples, median seconds between trials, and the first day of each block.
PUBLISHED = {
    500_000: (0.23203, 0.00556, 166.29, 0.61, 39, 2_323.8, "2025-11-12"),
    1_000_000: (0.22838, 0.00783, 174.10, 1.14, 76, 4_525.2, "2025-11-15"),
    2_000_000: (0.21403, 0.00715, 177.62, 0.75, 151, 9_050.4, "2025-12-08"),
}


def logs_like_the_published(*, depends_on_tokens: bool = True) -> pd.DataFrame:
    """50 trials per token count, with exactly these means and spreads, in the columns of the published logs."""
    rng = np.random.default_rng(20_260_110)
    frames = []
    for tokens, told in PUBLISHED.items():
        quality, quality_sd, watts, watts_sd, num_samples, seconds, day = (
            told
            if depends_on_tokens
            else (
                *PUBLISHED[500_000][:4],
                *told[4:],
            )
        )
        accuracy, rms = (_exactly(rng, mean, sd) for mean, sd in ((quality, quality_sd), (watts, watts_sd)))
        frames.append(
            pd.DataFrame(
                {
                    "timestamp": (pd.Timestamp(day) + pd.to_timedelta(np.arange(50) * seconds, unit="s")).map(
                        pd.Timestamp.isoformat
                    ),
                    "token_count": tokens,
                    "trial_number": np.arange(1, 51),
                    "accuracy": accuracy,
                    "parameter_efficiency": accuracy * 68.16 / rms / (1_100_048_384 * tokens * 3 / 1e6),
                    "epochs": 3,
                    "power_samples": num_samples,
                    "watts_rms": rms,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _exactly(rng, mean, sd):
    values = rng.normal(size=50)
    return mean + sd * (values - values.mean()) / values.std(ddof=1)


@pytest.fixture(scope="session")
def published_logs() -> Callable[..., pd.DataFrame]:
    """A function to 150 trials in the columns of the published logs, with their means and spreads."""
    return logs_like_the_published
