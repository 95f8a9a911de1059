"""Lay out convergence as tables: by class, by pair of seeds, and its spread."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.probes.convergence_estimates import ConvergenceEstimate, DivergenceGroup
from analysis.probes.token_classes import TokenClass

__all__ = ["CONVERGENCE_COLUMNS", "convergence_rows", "convergence_table", "pairs_table", "spread_table"]

CONVERGENCE_COLUMNS = (
    "condition",
    "interval",
    "step",
    "tokens",
    "class_system",
    "class",
    "num_contexts",
    "num_seeds",
    "convergence_nats",
    "jackknife_se",
    "resample_se",
    "kl_to_uniform_nats",
    "kl_to_unigram_nats",
)

Row = dict[str, object]


def convergence_rows(
    group: DivergenceGroup, *, classes: Sequence[TokenClass], estimates: Sequence[ConvergenceEstimate]
) -> list[Row]:
    """One row for each class of a group."""
    return [
        {
            **_where(group),
            "class_system": one.system,
            "class": one.name,
            "num_contexts": estimate.num_contexts,
            "num_seeds": group.num_seeds,
            "convergence_nats": estimate.convergence_nats,
            "jackknife_se": estimate.jackknife_se,
            "resample_se": estimate.resample_se,
            "kl_to_uniform_nats": estimate.kl_to_uniform_nats,
            "kl_to_unigram_nats": estimate.kl_to_unigram_nats,
        }
        for one, estimate in zip(classes, estimates, strict=True)
    ]


def convergence_table(rows: Sequence[Row]) -> pd.DataFrame:
    """The table of all groups and classes; empty cells are missing values."""
    return pd.DataFrame(rows, columns=list(CONVERGENCE_COLUMNS)).astype({"tokens": "Int64"})


def pairs_table(groups: Sequence[DivergenceGroup]) -> pd.DataFrame:
    """One row for each unordered pair of seeds: KL in both directions and their mean, over all contexts."""
    rows = []
    for group in groups:
        seeds, pair = group.arrays["seeds"], group.arrays["pair_nats"]
        for one in range(group.num_seeds):
            for other in range(one + 1, group.num_seeds):
                rows.append(
                    {
                        **_where(group),
                        "seed": int(seeds[one]),
                        "other_seed": int(seeds[other]),
                        "kl_nats": float(pair[one, other]),
                        "reverse_kl_nats": float(pair[other, one]),
                        "symmetric_kl_nats": float(pair[one, other] + pair[other, one]) / 2,
                    }
                )
    return pd.DataFrame(rows).astype({"tokens": "Int64"})


def spread_table(groups: Sequence[DivergenceGroup]) -> pd.DataFrame:
    """How much convergence differs between contexts and between pairs, and the KL from the references.

    The mean over all ordered pairs is the same for the forward, the reverse and the symmetric KL; their spread is not.
    The SD over contexts is a spread of difficulty and no uncertainty of the mean.
    """
    return pd.DataFrame([_spread(group) for group in groups]).astype({"tokens": "Int64"})


def _spread(group: DivergenceGroup) -> Row:
    arrays = group.arrays
    pair = np.asarray(arrays["pair_nats"], dtype=np.float64)
    is_ordered_pair = ~np.eye(group.num_seeds, dtype=bool)
    symmetric = ((pair + pair.T) / 2)[np.triu_indices(group.num_seeds, k=1)]
    return {
        **_where(group),
        "sd_over_contexts_nats": float(arrays["divergence_nats"].std(ddof=1, dtype=np.float64)),
        "sd_over_ordered_pairs_nats": float(pair[is_ordered_pair].std(ddof=1)),
        "sd_over_symmetric_pairs_nats": float(symmetric.std(ddof=1)) if len(symmetric) > 1 else float("nan"),
        "kl_from_uniform_nats": float(arrays["seed_kl_from_uniform_nats"].mean()),
        "kl_from_unigram_nats": float(arrays["seed_kl_from_unigram_nats"].mean())
        if "seed_kl_from_unigram_nats" in arrays
        else float("nan"),
    }


def _where(group: DivergenceGroup) -> Row:
    return {
        "condition": group.condition,
        "interval": group.interval,
        "step": group.step,
        "tokens": group.tokens,
    }
