"""What runs and whoever keeps the ledger ask of the place where checkpoints are kept."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from workers.points import Reach, pass_by
from workers.publication import CheckpointPart
from workers.records import RunId

if TYPE_CHECKING:
    from torch import Tensor  # whoever publishes needs none of it

__all__ = ["AbstractCheckpointStore", "AbstractPublished", "AbstractStaging"]


class AbstractStaging(ABC):
    """The files of one part of an interval while an attempt writes them; nobody else reads them yet."""

    @abstractmethod
    def write(self, name: str, data: bytes) -> str:
        """Put a file there and give the sha256 of what it holds."""

    @abstractmethod
    def save_tensors(self, name: str, tensors: "dict[str, Tensor]", metadata: dict[str, str] | None = None) -> str:
        """Put tensors there in the form of safetensors and give the sha256 of the file."""

    @abstractmethod
    def seal(self) -> None:
        """List the files with their checksums; all of it is durable when this returns."""


class AbstractPublished(ABC):
    """One part of an interval that has been published."""

    @property
    @abstractmethod
    def location(self) -> str:
        """Where it is, for a reader."""

    @abstractmethod
    def verify(self, names: frozenset[str], *, optional: frozenset[str] = frozenset()) -> None:
        """Check that it lists and holds exactly these files.

        Args:
            names: The files that it must list and hold.
            optional: Files that it may hold, and must list where it does.

        Raises:
            CheckpointError: If the list is missing or lists other files, or a file is missing or differs from it.
        """

    @abstractmethod
    def sums(self) -> Mapping[str, str]:
        """The sha256 that it promises of each of its files, by name.

        Raises:
            CheckpointError: If there is no list of them.
        """

    @abstractmethod
    def read(self, name: str) -> bytes:
        """What one of its files holds.

        Raises:
            OSError: If there is no such file.
            CheckpointError: If the store noticed that it differs from the list; only `verify` always does.
        """

    @abstractmethod
    def load_tensors(self, name: str) -> "Mapping[str, Tensor]":
        """The tensors of one of its files."""


class AbstractCheckpointStore(ABC):
    """Keeps the checkpoints and resume states of one experiment; crosses processes as a value.

    A worker stages under names of its own attempt and publishes nothing. Whoever keeps the ledger publishes, after it
    has checked that the attempt is the newest, so that a process that was given up changes nothing.
    """

    @abstractmethod
    def staging(self, run: RunId, interval: int, part: CheckpointPart, *, attempt: int) -> AbstractStaging:
        """A new, empty place for an attempt's files."""

    @abstractmethod
    def published(self, run: RunId, interval: int, part: CheckpointPart) -> AbstractPublished | None:
        """What is published, whole or not; None where nothing is."""

    @abstractmethod
    def publish(self, run: RunId, interval: int, *, attempt: int, reach: Reach = pass_by) -> None:
        """Make an attempt's staged parts the interval's, as `workers.publication.publish_in_order` says.

        What is published already stays: an earlier attempt measured the same. Superfluous resume states are removed;
        checkpoints never are.
        """

    @abstractmethod
    def set_aside(self, run: RunId, interval: int, part: CheckpointPart) -> str | None:
        """Let nothing take a damaged part for whole any more; it is kept for whoever wants to look.

        Returns:
            Where, or None if it is not published.
        """

    @abstractmethod
    def drop_staged(self, run: RunId, *, before_attempt: int) -> None:
        """Remove what attempts before `before_attempt` staged and never published."""
