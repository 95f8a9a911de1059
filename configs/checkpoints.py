"""Where checkpoints and resume states are kept, and which."""

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from configs.frozen import FrozenConfig

__all__ = ["IN_RUN_DIRECTORY", "CheckpointsConfig", "KeptWeights"]

KeptWeights = Literal["all", "newest", "last", "none"]

_URL = re.compile(r"(?P<protocol>[A-Za-z][A-Za-z0-9+.-]*)://(?P<place>.*)")


class CheckpointsConfig(FrozenConfig):
    """A place other than the run directory, for nodes that share none or for a disk that is too small."""

    uri: str | None = Field(
        default=None,
        description="An fsspec URL, such as s3://bucket/study or file:///data/study; null is the run directory.",
    )
    keep: KeptWeights = Field(
        default="all",
        description="Of which intervals weights are kept: `all`; the `last` or `none`, where an interrupted run begins "
        "anew; or the `newest` two with what a run needs to go on, and of a complete run the last. Records and losses "
        "are always kept.",
    )

    @model_validator(mode="after")
    def _is_one_plain_url(self) -> Self:
        if self.uri is None:
            return self
        url = _URL.fullmatch(self.uri)
        if url is None:
            raise ValueError(f"checkpoints.uri={self.uri} is no URL; write file:///directory, or s3://bucket/directory")
        if "::" in self.uri or any(character.isspace() or not character.isprintable() for character in self.uri):
            raise ValueError(f"checkpoints.uri={self.uri!r} is not one plain URL; write it without :: and blanks")
        if "@" in url["place"].partition("/")[0]:
            raise ValueError(
                "checkpoints.uri holds a user's name, and everybody may read a config; "
                "leave it out and put credentials where fsspec looks for them"
            )
        if url["protocol"] == "local":
            raise ValueError(f"checkpoints.uri={self.uri} has another name for file; write file://{url['place']}")
        if not url["place"].strip("/") or (url["protocol"] == "file" and not url["place"].startswith("/")):
            raise ValueError(
                f"checkpoints.uri={self.uri} names no place of its own; write file:///directory, or s3://bucket/directory"
            )
        return self

    def keeps_weights(self, interval: int, *, num_intervals: int) -> bool:
        """Whether the checkpoint of this interval, of so many, has its weights for good."""
        return self.keep == "all" or (self.keep in ("newest", "last") and interval == num_intervals - 1)

    def keeps_resume_state(self, interval: int, *, num_intervals: int) -> bool:
        """Whether a run can go on after this interval, until two more have ended."""
        return self.keep == "all" or (self.keep == "newest" and interval < num_intervals - 1)

    @property
    def local_directory(self) -> str | None:
        """The directory that a file URL names; None for any other place."""
        if self.uri is None or not self.uri.startswith("file://"):
            return None
        return self.uri.removeprefix("file://")


IN_RUN_DIRECTORY = CheckpointsConfig()
