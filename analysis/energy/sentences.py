"""Say in plain sentences what the energy part of the statistics holds."""

from typing import Any

__all__ = ["energy_sentences"]

_MUCH_FOREIGN_LOAD = 0.05


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def energy_sentences(energy: dict[str, Any] | None) -> list[str]:
    """One sentence per finding, unwrapped; none for an experiment whose energy nobody asked about.

    Args:
        energy: The key `energy` of statistics.json.
    """
    if energy is None or "undefined" in energy:
        return []
    if "legacy" in energy:
        return [*_quantities(energy["trials"]), *_legacy(energy["legacy"])]
    provenance, conditions = energy["provenance"], energy["conditions"]
    sentences = []
    for name, condition in conditions.items():
        whose = f"{name}: " if len(conditions) > 1 else ""
        sentences += [f"{whose}{sentence}" for sentence in _condition(condition, provenance=provenance)]
    return [*sentences, *_quantities(energy["between_conditions"]), *_mistrust(provenance)]


def _condition(condition: dict[str, Any], *, provenance: dict[str, Any]) -> list[str]:
    last = condition["intervals"][-1]
    kilojoules = last["kilojoules"]
    if not isinstance(kilojoules["mean"], float):
        return []
    per_token = f"{1e3 * kilojoules['mean'] / condition['tokens']:.3g} J per trained token"
    text = f"Energy per run: {_spread(kilojoules)}, {per_token} ({', '.join(provenance['sources'])})."
    after = condition["after_minimum"]
    if "undefined" in after or not isinstance(after["share_after"]["mean"], float) or after["share_after"]["mean"] == 0:
        return [text]
    return [text, f"{after['share_after']['mean']:.0%} of it came after the lowest held-out loss of each seed."]


def _mistrust(provenance: dict[str, Any]) -> list[str]:
    sentences = []
    share = provenance["mean_foreign_cpu_share"]
    if provenance["label"] == "measured" and share is not None and share > _MUCH_FOREIGN_LOAD:
        sentences.append(
            f"warning: other processes used {share:.0%} of the hosts' CPU time while the runs went on; what they drew "
            "is in the measured energy."
        )
    if provenance["num_noted"]:
        noted = "1 energy has" if provenance["num_noted"] == 1 else f"{provenance['num_noted']:,} energies have"
        sentences.append(f"warning: {noted} a note in energy.csv; see its last column.")
    return sentences


def _quantities(part: dict[str, Any]) -> list[str]:
    if "undefined" in part:
        return []
    shown = {
        "energy_kj": "Energy",
        "joules_per_token": "Energy per token",
        "training_joules_per_token": "Energy of the steps per token",
        "nats_per_kj": "Held-out nats per kJ",
    }
    sentences = []
    for name, title in shown.items():
        quantity = part["quantities"].get(name)
        if quantity is None:
            continue
        levels = ", ".join(f"{_number(level['interval']['mean'])} at {level['level']}" for level in quantity["levels"])
        sentences.append(f"{title} ({quantity['unit']}): {levels}.{_test(quantity)}")
    return sentences


def _test(quantity: dict[str, Any]) -> str:
    apa = quantity["statistics"].get("apa")
    return f" On {quantity['tested']}: {apa}." if isinstance(apa, str) else ""


def _legacy(legacy: dict[str, Any]) -> list[str]:
    if "undefined" in legacy:
        return []
    split = max(legacy["splits"], key=lambda one: abs(one["tokens"]))
    share = split["mechanical_share"]
    told = "an undefined share"
    if isinstance(share, float):
        told = f"{share:.1%}" if share >= 0 else "against the change"
    sentences = [
        f"Parameter efficiency as published (legacy): ln PE changes by {split['delta_ln_pe']:.3f} from {split['a']} to "
        f"{split['b']}: {split['tokens']:.3f} of it ({told}) is the arithmetic of the token count in its denominator, "
        f"{split['quality']:.3f} quality, {split['power']:.3f} power."
    ]
    for name, title in (("raw", "PE as published"), ("without_tokens", "ln(PE x tokens)")):
        apa = legacy[name]["apa"]
        sentences.append(f"{title}: {apa}." if isinstance(apa, str) else f"{title}: no F: {apa['undefined']}.")
    return sentences


def _spread(kilojoules: dict[str, Any]) -> str:
    factor, unit = (1.0, "kJ") if kilojoules["mean"] >= 1 else (1e3, "J")
    low, high = kilojoules["ci95_low"], kilojoules["ci95_high"]
    text = f"{factor * kilojoules['mean']:.4g} {unit}"
    return f"{text} (95 % t interval {factor * low:.4g} to {factor * high:.4g})" if isinstance(low, float) else text


def _number(value: float | dict[str, str]) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "undefined"
