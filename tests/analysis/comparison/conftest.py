"""Sides of a comparison, made of losses that can be read off."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.comparison.side import Side


@pytest.fixture
def make_side() -> Callable[..., Side]:
    """A function from a name and losses, one row per seed and NaN for a gap, to a side with config and manifest."""

    def make(
        name: str,
        losses: Sequence[Sequence[float]],
        *,
        seeds: Sequence[int] | None = None,
        every: int = 1000,
        config: dict[str, Any] | None = None,
        corpus: dict[str, Any] | None = None,
        weights: str = "w",
        order_hash: str | None = None,
        **of_runs: Any,
    ) -> Side:
        grid = np.asarray(losses, dtype=float)
        seeds = seeds or range(1, len(grid) + 1)
        budget = every * (grid.shape[1] - 1)
        return Side(
            name=name,
            source=f"runs/{name}",
            condition="base",
            rows=pd.DataFrame(
                [
                    ("base", seed, interval, every * interval, every * interval, loss)
                    for seed, row in zip(seeds, grid, strict=True)
                    for interval, loss in enumerate(row)
                    if np.isfinite(loss)
                ],
                columns=["condition", "seed", "interval", "target_tokens", "tokens", "val_loss"],
            ),
            config={
                "name": name,
                "seed_controls": ["initialization", "data_order"],
                "shared_seed": 0,
                "model": {"width": 64, "context_length": 128},
                "corpus": {"order": "shuffled"},
                "schedule": {"budget_tokens": budget, "every_tokens": every, "tokens_per_step": 500},
                "evaluation": {"tokens": 2048, "offset": 0},
            }
            | (config or {}),
            manifest={
                "corpus": {"fingerprint": "c0", "tokenizer_sha256": "t0", "unique_tokens": 500} | (corpus or {}),
                "runs": [
                    {
                        "condition": "base",
                        "seed": seed,
                        "initial_weights_sha256": f"{weights}{seed}",
                        "data_order_sha256": order_hash or f"{budget} tokens of seed {seed}",
                    }
                    | of_runs
                    for seed in seeds
                ],
            },
            evaluation_sha256="e0",
        )

    return make


@pytest.fixture
def noisy() -> Callable[..., np.ndarray]:
    """A function from a number to losses of six seeds that fall from 4 and end at a noise of their own."""

    def losses(generator_seed: int, *, num_seeds: int = 6, num_levels: int = 8) -> np.ndarray:
        rng = np.random.default_rng(generator_seed)
        return 4 - 0.3 * np.arange(num_levels) + rng.normal(0, 0.1, (num_seeds, num_levels))

    return losses
