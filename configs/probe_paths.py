"""The one place that knows every name under a directory of probe results."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProbePaths"]


@dataclass(frozen=True, slots=True)
class ProbePaths:
    """Names under one directory of probe results; nothing is created by asking for them."""

    root: Path

    def table(self, name: str) -> Path:
        """A table of results, such as `convergence`."""
        return self.root / f"{name}.parquet"

    def summary(self, study: str) -> Path:
        """What a study found, as strict JSON."""
        return self.root / f"{study}.json"

    def arrays(self, measurement: str, *, condition: str, interval: int) -> Path:
        """One number per context, or a few of them, of all seeds at one interval."""
        return self.root / "arrays" / condition / f"interval-{interval:02d}.{measurement}.npz"

    @property
    def written_texts(self) -> Path:
        """What mixtures of a small and a large model wrote."""
        return self.root / "arrays" / "written-texts.npz"

    @property
    def stream_file(self) -> Path:
        """The probed token stream, in NumPy's format."""
        return self.root / "tokens.npy"
