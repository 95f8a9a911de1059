"""Keep checkpoints in an object store, where nothing can be renamed and only a whole object appears at once.

An interval's files lie under the name of the attempt that uploaded them:

    checkpoints/base/seed-101/interval-07/attempt-1/   model.safetensors config.json tokens.npz record.json SHA256SUMS
    checkpoints/base/seed-101/interval-07/SHA256SUMS   the same list, with attempt-1/ before each name

The second list publishes the interval. It is one small object, written last, and readers trust only what it names: what
an attempt that was given up still uploads is named by nothing. Damage is set aside by giving the list another name.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, final

from configs.errors import CheckpointError
from configs.run_paths import RunPaths
from workers.checkpoint_store import AbstractCheckpointStore, AbstractPublished, AbstractStaging
from workers.checksums import SUMS_NAME, format_sums, parse_sums, require_listed
from workers.object_storage import ObjectStorage
from workers.points import Reach, pass_by
from workers.publication import Arrival, CheckpointPart, final_dir, publish_in_order
from workers.records import RunId

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ObjectStore"]

_KEYS = RunPaths(Path())
_UPLOADED = re.compile(r"(?P<final>.*/interval-(?P<interval>\d+))/attempt-(?P<attempt>\d+)/[^/]+")
_LIST = re.compile(rf"(?P<final>.*/interval-(?P<interval>\d+))/{SUMS_NAME}(\.damaged-\d+)?")


@final
class ObjectStore(AbstractCheckpointStore):
    """Checkpoints under one fsspec URL.

    Args:
        storage: The objects.
    """

    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage

    def staging(self, run: RunId, interval: int, part: CheckpointPart, *, attempt: int) -> AbstractStaging:
        """See the base class."""
        return _Upload(self._storage, directory=_uploaded(_final(run, interval, part), attempt=attempt))

    def published(self, run: RunId, interval: int, part: CheckpointPart) -> AbstractPublished | None:
        """See the base class."""
        final = _final(run, interval, part)
        sums = self._storage.get(f"{final}/{SUMS_NAME}")
        return None if sums is None else _PublishedObjects(self._storage, directory=final, sums=sums)

    def publish(self, run: RunId, interval: int, *, attempt: int, reach: Reach = pass_by) -> None:
        """See the base class."""

        def publish_part(part: CheckpointPart) -> Arrival:
            return self._publish_part(_final(run, interval, part), attempt=attempt)

        self._drop_resume_states(run, before=publish_in_order(publish_part, interval=interval, reach=reach))

    def set_aside(self, run: RunId, interval: int, part: CheckpointPart) -> str | None:
        """See the base class."""
        final = _final(run, interval, part)
        sums = self._storage.get(f"{final}/{SUMS_NAME}")
        if sums is None:
            return None
        number = 1
        while self._storage.get(kept := f"{final}/{SUMS_NAME}.damaged-{number}") is not None:
            number += 1
        self._storage.put(kept, sums)
        self._storage.delete(f"{final}/{SUMS_NAME}")
        return self._storage.location(kept)

    def drop_staged(self, run: RunId, *, before_attempt: int) -> None:
        """See the base class."""
        for directory in (_KEYS.run_dir(run.condition, run.seed), _KEYS.resume_run_dir(run.condition, run.seed)):
            keys = self._storage.keys(directory.as_posix())
            uploaded = {key: match for key in keys if (match := _UPLOADED.fullmatch(key))}
            old = {
                key: f"{match['final']}/attempt-{match['attempt']}"
                for key, match in uploaded.items()
                if int(match["attempt"]) < before_attempt
            }
            named = self._named([key for key in keys if _LIST.fullmatch(key)]) if old else frozenset()
            for key in (key for key, place in old.items() if place not in named):
                self._storage.delete(key)

    def _publish_part(self, final: str, *, attempt: int) -> Arrival:
        if self._storage.get(f"{final}/{SUMS_NAME}") is not None:
            return Arrival.STOOD
        uploaded = self._storage.get(f"{_uploaded(final, attempt=attempt)}/{SUMS_NAME}")
        if uploaded is None:
            return Arrival.ABSENT
        directory = PurePosixPath(_uploaded(final, attempt=attempt)).name
        sums = {f"{directory}/{name}": digest for name, digest in parse_sums(uploaded.decode()).items()}
        self._storage.put(f"{final}/{SUMS_NAME}", format_sums(sums).encode())
        return Arrival.NEW

    def _drop_resume_states(self, run: RunId, *, before: int) -> None:
        keys = self._storage.keys(_KEYS.resume_run_dir(run.condition, run.seed).as_posix())
        lists = {key: match for key in keys if key.endswith(SUMS_NAME) and (match := _LIST.fullmatch(key))}
        for key, match in lists.items():
            if int(match["interval"]) < before:
                places = self._named([key])
                self._storage.delete(key)  # first, so that nothing half there is ever published
                for uploaded in (other for other in keys if str(PurePosixPath(other).parent) in places):
                    self._storage.delete(uploaded)

    def _named(self, lists: list[str]) -> frozenset[str]:
        """The attempts' directories that lists name."""
        named = set()
        for key in lists:
            final = key.rpartition("/")[0]
            text = (self._storage.get(key) or b"").decode(errors="replace")
            named |= {f"{final}/{name.partition('/')[0]}" for name in parse_sums(text)}
        return frozenset(named)


@final
class _Upload(AbstractStaging):
    def __init__(self, storage: ObjectStorage, *, directory: str) -> None:
        self._storage = storage
        self._directory = directory
        self._sums: dict[str, str] = {}

    def write(self, name: str, data: bytes) -> str:
        self._storage.put(f"{self._directory}/{name}", data)
        self._sums[name] = hashlib.sha256(data).hexdigest()
        return self._sums[name]

    def save_tensors(self, name: str, tensors: "dict[str, Tensor]", metadata: dict[str, str] | None = None) -> str:
        from safetensors.torch import save

        return self.write(name, save(tensors, metadata))

    def seal(self) -> None:
        self.write(SUMS_NAME, format_sums(self._sums).encode())


@final
class _PublishedObjects(AbstractPublished):
    def __init__(self, storage: ObjectStorage, *, directory: str, sums: bytes) -> None:
        self._storage = storage
        self._directory = directory
        self._sums = sums

    @property
    def location(self) -> str:
        """See the base class."""
        return self._storage.location(self._directory)

    def verify(self, names: frozenset[str], *, optional: frozenset[str] = frozenset()) -> None:
        """See the base class."""
        sums = self._sums_by_name()
        require_listed(sums, names=names | (optional & sums.keys()), list_name=f"{self.location}/{SUMS_NAME}")
        try:
            for name in sums:
                self.read(name)
        except FileNotFoundError as error:
            raise CheckpointError(str(error)) from error

    def sums(self) -> Mapping[str, str]:
        """See the base class."""
        return {name: expected for name, (_, expected) in self._sums_by_name().items()}

    def read(self, name: str) -> bytes:
        """See the base class."""
        key, expected = self._sums_by_name().get(name, ("", ""))
        data = self._storage.get(key) if key else None
        if data is None:
            raise FileNotFoundError(f"{self.location} is incomplete: there is no {name}")
        if hashlib.sha256(data).hexdigest() != expected:
            raise CheckpointError(f"{self._storage.location(key)} does not hold what its checksum promises")
        return data

    def load_tensors(self, name: str) -> Mapping[str, "Tensor"]:
        """See the base class."""
        from safetensors.torch import load

        return load(self.read(name))

    def _sums_by_name(self) -> dict[str, tuple[str, str]]:
        """The key and the checksum of each file that the list names."""
        sums = parse_sums(self._sums.decode(errors="replace"))
        return {PurePosixPath(name).name: (f"{self._directory}/{name}", expected) for name, expected in sums.items()}


def _final(run: RunId, interval: int, part: CheckpointPart) -> str:
    return final_dir(_KEYS, run=run, interval=interval, part=part).as_posix()


def _uploaded(final: str, *, attempt: int) -> str:
    return _KEYS.uploaded_dir(Path(final), attempt=attempt).as_posix()
