"""The one place that knows every name in a run directory."""

from dataclasses import dataclass
from pathlib import Path

from configs.probe_paths import ProbePaths

__all__ = ["RunPaths"]


@dataclass(frozen=True, slots=True)
class RunPaths:
    """Names under one run directory; nothing is created by asking for them."""

    root: Path

    @property
    def config_file(self) -> Path:
        """The resolved config."""
        return self.root / "experiment.yaml"

    @property
    def manifest_file(self) -> Path:
        """Versions, hardware, fingerprints, hashes."""
        return self.root / "manifest.json"

    @property
    def ledger_file(self) -> Path:
        """Records, runs, attempts and events."""
        return self.root / "ledger.sqlite"

    @property
    def ledger_files(self) -> tuple[Path, ...]:
        """The ledger and what SQLite keeps beside it while it is open."""
        return (
            self.ledger_file,
            self.ledger_file.with_name(self.ledger_file.name + "-wal"),
            self.ledger_file.with_name(self.ledger_file.name + "-shm"),
            self.ledger_file.with_name(self.ledger_file.name + "-journal"),
        )

    @property
    def lease_file(self) -> Path:
        """Who is writing here now."""
        return self.root / "lease.json"

    @property
    def tokenizer_file(self) -> Path:
        """The tokenizer, as Hugging Face tokenizers read it."""
        return self.root / "tokenizer.json"

    @property
    def corpus_dir(self) -> Path:
        """Both token streams, so that a run directory can be resumed and probed alone."""
        return self.root / "corpus"

    def stream_file(self, split: str) -> Path:
        """The token stream of `train` or `validation`: a flat array of uint16 or uint32 in NumPy's format."""
        return self.corpus_dir / f"{split}.npy"

    @property
    def checkpoints_dir(self) -> Path:
        """All checkpoints, by condition, seed and interval."""
        return self.root / "checkpoints"

    def run_dir(self, condition: str, seed: int) -> Path:
        """All checkpoints of one run."""
        return self.checkpoints_dir / condition / f"seed-{seed}"

    def checkpoint_dir(self, condition: str, seed: int, interval: int) -> Path:
        """One checkpoint: weights, config, evaluation tokens, steps, record, checksums."""
        return self.run_dir(condition, seed) / f"interval-{interval:02d}"

    def weights_file(self, condition: str, seed: int, interval: int) -> Path:
        """The weights of one checkpoint, under the names that transformers' Llama uses."""
        return self.checkpoint_dir(condition, seed, interval) / "model.safetensors"

    def tokens_file(self, condition: str, seed: int, interval: int) -> Path:
        """Loss, rank and ties of the correct token, per evaluated token."""
        return self.checkpoint_dir(condition, seed, interval) / "tokens.npz"

    def steps_file(self, condition: str, seed: int, interval: int) -> Path:
        """Loss and gradient norm of every optimizer step of one interval; earlier versions wrote none."""
        return self.checkpoint_dir(condition, seed, interval) / "steps.npz"

    def record_file(self, condition: str, seed: int, interval: int) -> Path:
        """The interval's record, from which the ledger can be rebuilt."""
        return self.checkpoint_dir(condition, seed, interval) / "record.json"

    def resume_run_dir(self, condition: str, seed: int) -> Path:
        """Optimizer states of one run's newest intervals."""
        return self.root / "resume" / condition / f"seed-{seed}"

    def resume_dir(self, condition: str, seed: int, interval: int) -> Path:
        """Optimizer state at the end of one interval."""
        return self.resume_run_dir(condition, seed) / f"interval-{interval:02d}"

    def staged_dir(self, final: Path, *, attempt: int) -> Path:
        """Where an attempt prepares what will have the name `final`."""
        return final.with_name(f".{final.name}.attempt-{attempt}")

    def damaged_dir(self, final: Path, *, number: int) -> Path:
        """Where a directory goes that did not hold what its checksums promise."""
        return final.with_name(f"{final.name}.damaged-{number}")

    def uploaded_dir(self, final: Path, *, attempt: int) -> Path:
        """Where an object store keeps what an attempt measured, since nothing can be renamed there."""
        return final / f"attempt-{attempt}"

    @property
    def claim_file(self) -> Path:
        """Whose checkpoints a place outside the run directory holds."""
        return self.root / "claim.json"

    @property
    def table_csv(self) -> Path:
        """The seed-by-interval table as text."""
        return self.root / "table.csv"

    @property
    def table_parquet(self) -> Path:
        """The same table with its types."""
        return self.root / "table.parquet"

    @property
    def energy_csv(self) -> Path:
        """The energy of every interval with all that is known about the number."""
        return self.root / "energy.csv"

    @property
    def statistics_file(self) -> Path:
        """Audit, telemetry and repeated-measures statistics."""
        return self.root / "statistics.json"

    @property
    def report_html(self) -> Path:
        """The report as one page that needs nothing but itself."""
        return self.root / "report.html"

    @property
    def report_md(self) -> Path:
        """The report as Markdown, which shows the figures."""
        return self.root / "report.md"

    @property
    def figures_dir(self) -> Path:
        """The figures of the report, and the tables behind them."""
        return self.root / "figures"

    def figure_file(self, name: str, suffix: str) -> Path:
        """One figure as `svg` or `png`, or the table behind it as `csv`."""
        return self.figures_dir / f"{name}.{suffix}"

    @property
    def tables_dir(self) -> Path:
        """The tables of the report for a paper."""
        return self.root / "tables"

    def latex_file(self, name: str) -> Path:
        """One table in LaTeX."""
        return self.tables_dir / f"{name}.tex"

    @property
    def comparison_json(self) -> Path:
        """Two or more experiments, or the conditions of one, side by side."""
        return self.root / "compare.json"

    @property
    def comparison_md(self) -> Path:
        """The same as Markdown."""
        return self.root / "compare.md"

    @property
    def probes(self) -> ProbePaths:
        """What was found inside the checkpoints."""
        return ProbePaths(self.root / "probes")
