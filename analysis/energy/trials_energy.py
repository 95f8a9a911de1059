"""The energy part of the statistics of a table with one row per trial."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.audit import Missing, audit_grid
from analysis.energy.labels import one_provenance
from analysis.energy.parameter_efficiency import LegacyInputs, legacy_efficiency
from analysis.energy.quantities import quantities_of
from analysis.energy.trial_columns import TrialGrids, trial_grids
from analysis.grid import Grid, grid_from_frame
from analysis.levels import Label
from analysis.subject_warnings import warn_about_order, warn_about_sampling, warn_about_subjects
from analysis.undefined import Undefined, to_plain

__all__ = ["add_trials_energy", "trials_energy"]

# arXiv 2601.06649, public code: a bf16 product of 8192^3 on its GPU, and TinyLlama's size; its logs repeat neither.
PUBLISHED_TFLOPS = 68.16
PUBLISHED_PARAMETERS = 1_100_048_384
_J_PER_KJ = 1e3


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def add_trials_energy(statistics: dict[str, Any], frame: pd.DataFrame, *, subject: str, within: str) -> None:
    """Add the key `energy`, and the warnings that trials deserve, where a table tells energy or power per trial.

    Args:
        statistics: What `analyze_conditions` returned; changed in place.
        frame: One row per subject and level.
        subject: Column naming the subject.
        within: Column naming the level.
    """
    conditions = statistics.get("conditions")
    if conditions is None:
        _warn_about_subjects(statistics, frame, subject=subject, within=within)
    else:
        names = frame["condition"].astype("str")
        for name, result in conditions.items():
            _warn_about_subjects(result, frame[names == name], subject=subject, within=within)
    warnings = statistics["audit"]["warnings"]
    if _has_trial_columns(frame) and "condition" not in frame.columns:
        warnings.extend((*warn_about_order(frame, within=within), *warn_about_sampling(frame, within=within)))
        statistics["energy"] = trials_energy(frame, subject=subject, within=within)


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _warn_about_subjects(statistics: dict[str, Any], rows: pd.DataFrame, *, subject: str, within: str) -> None:
    for metric in statistics["metrics"]:
        if metric in rows.columns:
            grid = grid_from_frame(rows, subject=subject, within=within, metric=metric)
            used = audit_grid(grid, missing=Missing.DROP_SEEDS, subject=subject).grid
            sentences = warn_about_subjects(used, subject=subject, within=within, metric=metric)
            statistics["audit"]["warnings"].extend(sentences)


def _has_trial_columns(frame: pd.DataFrame) -> bool:
    """Whether a table tells energy per trial, or what the published efficiency metric needs."""
    columns = set(frame.columns)
    return {"energy_joules", "tokens"} <= columns or {"accuracy", "watts_rms"} <= columns


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def trials_energy(frame: pd.DataFrame, *, subject: str, within: str) -> dict[str, Any]:
    """Quantities per trial over the levels, and the published metric as `legacy`.

    Args:
        frame: One row per subject and level, such as benchmarks/token_scale_gpu.py writes.
        subject: Column naming the subject; one seed is one subject.
        within: Column naming the level, such as the token budget.
    """
    return {
        "design": {"subject": subject, "within": within},
        "trials": to_plain(_trials(frame, subject=subject, within=within)),
        "self_check": to_plain(_self_check(frame)),
        "legacy": to_plain(_legacy(frame, subject=subject, within=within)),
    }


def _trials(frame: pd.DataFrame, *, subject: str, within: str) -> object:
    if "energy_joules" not in frame.columns or "energy_source" not in frame.columns:
        return Undefined("the table has no columns energy_joules and energy_source")
    provenance = one_provenance(frame)
    if isinstance(provenance, Undefined):
        return provenance
    wanted = ("joules", "tokens", "net_of_idle", "seconds", "val_loss", "nats_gained")
    found = trial_grids(frame, subject=subject, within=within, wanted=wanted)
    if found is None or not {"joules", "tokens"} <= found.grids.keys():
        return Undefined("no subject has energy and tokens at every level")
    return {
        "provenance": provenance,
        "num_subjects": found.grids["joules"].num_subjects,
        "num_left_out": found.num_left_out,
        "levels": found.grids["joules"].levels,
        "quantities": quantities_of(_named(found)),
    }


def _named(found: TrialGrids) -> dict[str, Grid]:
    grids = found.grids
    kilojoules = _scaled(grids["joules"], 1 / _J_PER_KJ)
    named = {"kilojoules": kilojoules, "tokens": grids["tokens"]}
    named |= {key: grids[key] for key in ("val_loss", "nats_gained", "seconds") if key in grids}
    if "net_of_idle" in grids:
        idle = grids["net_of_idle"].values / _J_PER_KJ
        named["net_kilojoules"] = Grid(kilojoules.values - idle, kilojoules.subjects, kilojoules.levels)
    return named


def _self_check(frame: pd.DataFrame) -> object:
    """Integrated samples over the counter, where a table has both."""
    checks = {}
    for column in ("energy_sampled_joules", "energy_averaged_joules"):
        if column in frame.columns and "energy_joules" in frame.columns:
            ratio = (frame[column] / frame["energy_joules"]).dropna()
            if len(ratio):
                checks[column] = {
                    "over": "energy_joules",
                    "num_trials": len(ratio),
                    "mean": float(ratio.mean()),
                    "min": float(ratio.min()),
                    "max": float(ratio.max()),
                    "text": _check_text(float((ratio - 1).abs().max())),
                }
    return checks or Undefined("the table has no energy from samples beside that from a counter")


def _check_text(largest: float) -> str:
    return f"the largest difference is {largest:.1%}" + ("; above 5 %, trust the counter" if largest > 0.05 else "")


def _legacy(frame: pd.DataFrame, *, subject: str, within: str) -> object:
    wanted = ("inverse_perplexity", "val_loss", "rms_watts", "epochs", "num_parameters", "compute_speed_tflops")
    found = trial_grids(frame, subject=subject, within=within, wanted=wanted)
    if found is None or "rms_watts" not in found.grids or not found.grids.keys() & {"inverse_perplexity", "val_loss"}:
        return Undefined("the table has no RMS power beside a perplexity or loss, which the published metric needs")
    grids = found.grids
    inverse = grids["inverse_perplexity"] if "inverse_perplexity" in grids else _inverse_perplexity(grids["val_loss"])
    tokens = [_number_of(level) for level in inverse.levels]
    if None in tokens:
        return Undefined(f"the levels of {within} are no numbers of tokens")
    epochs = grids["epochs"].values if "epochs" in grids else 1.0
    nominal = np.ones_like(inverse.values) * np.array(tokens, dtype=np.float64) * epochs
    if (inverse.values <= 0).any() or (grids["rms_watts"].values <= 0).any():
        return Undefined("a perplexity or a power is not above zero")
    return legacy_efficiency(
        LegacyInputs(
            inverse_perplexity=inverse,
            rms_watts=grids["rms_watts"],
            nominal_tokens=Grid(nominal, inverse.subjects, inverse.levels),
            compute_speed_tflops=_constant(grids.get("compute_speed_tflops"), PUBLISHED_TFLOPS),
            num_parameters=_constant(grids.get("num_parameters"), PUBLISHED_PARAMETERS),
        )
    )


def _inverse_perplexity(losses: Grid) -> Grid:
    return Grid(np.exp(-losses.values), losses.subjects, losses.levels)


def _scaled(grid: Grid, factor: float) -> Grid:
    return Grid(grid.values * factor, grid.subjects, grid.levels)


def _number_of(level: Label) -> float | None:
    return None if isinstance(level, str) else float(level)


def _constant(grid: Grid | None, default: float) -> float:
    """The one value of a constant column; a rate measured again for each trial is averaged."""
    return default if grid is None else float(grid.values.mean())
