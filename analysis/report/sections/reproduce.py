"""Say how to make this again: command, config, versions, fingerprints."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from analysis.report.blocks import Block, Code, Paragraph, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.section import AbstractSection

__all__ = ["Reproduce"]


@final
class Reproduce(AbstractSection):
    """What decides the numbers, to the last digit."""

    id = "reproduce"
    title = "How to reproduce it"

    def is_there(self, facts: ReportFacts) -> bool:
        """Always."""
        return True

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """The command; of a run directory the config, versions, fingerprints and hashes as well."""
        if facts.manifest is None:
            return [Paragraph("The same table gives the same report:"), Code(facts.command)]
        return [
            Paragraph(
                "Save the config as experiment.yaml. The learning columns of the table come out bit-identical for the "
                "same thread count, torch version and kind of processor; loss agrees closely otherwise."
            ),
            Code("seedscope run experiment.yaml --out RUN\nseedscope analyze RUN"),
            Code(facts.config_text, title="experiment.yaml, every field resolved"),
            _versions(facts.manifest),
            _fingerprints(facts.manifest),
            _runs(facts.manifest),
        ]


# Any: the manifest is JSON.
def _versions(manifest: Mapping[str, Any]) -> TableBlock:
    rows = [(name, version or "not installed") for name, version in manifest["versions"].items()]
    rows.append(("git commit", manifest["git_commit"] or "not a checkout"))
    hardware = manifest["hardware"]
    rows += [
        ("platform", hardware["platform"]),
        ("processor", hardware["cpu_model"]),
        ("threads per run", str(manifest["threads_per_run"])),
    ]
    return TableBlock(
        name="versions",
        caption="Versions and machine.",
        columns=("what", "version"),
        rows=tuple((str(name), str(value)) for name, value in rows),
        is_folded=True,
    )


def _fingerprints(manifest: Mapping[str, Any]) -> TableBlock:
    return TableBlock(
        name="fingerprints",
        caption="Fingerprints (sha256).",
        columns=("of", "sha256"),
        rows=(
            ("config", manifest["config_fingerprint"]),
            ("corpus as tokens", manifest["corpus"]["fingerprint"]),
            ("tokenizer", manifest["corpus"]["tokenizer_sha256"]),
        ),
    )


def _runs(manifest: Mapping[str, Any]) -> TableBlock:
    return TableBlock(
        name="run-hashes",
        caption="Each run: sha256 of its initial weights and of its data order; equal hashes are equal ones.",
        columns=("condition", "seed", "state", "initial weights", "data order"),
        rows=tuple(
            (
                run["condition"],
                str(run["seed"]),
                run["state"],
                run["initial_weights_sha256"] or "–",
                run["data_order_sha256"] or "–",
            )
            for run in manifest["runs"]
        ),
        is_folded=True,
    )
