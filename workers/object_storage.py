"""Put, get, list and delete the objects under one fsspec URL, with every failure told in one sentence."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, final

from configs.durable import write_bytes_durably
from configs.errors import StorageError

__all__ = ["ObjectStorage"]

# What people miss most; fsspec names the package for every other protocol itself.
_PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


@final
class ObjectStorage:
    """Whole objects by key; crosses processes as its URL.

    Args:
        uri: An fsspec URL; credentials are found where the protocol's package looks for them.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")

    @property
    def protocol(self) -> str:
        """The part of the URL before `://`."""
        return self.uri.partition("://")[0]

    def location(self, key: str) -> str:
        """The URL of an object."""
        return f"{self.uri}/{key}"

    def put(self, key: str, data: bytes) -> None:
        """Write an object, whole, over one that may be there.

        Raises:
            StorageError: If that fails.
            OSError: If the place is full.
        """
        with self._told(key, "cannot be written"):
            self._ensure_directory(key)
            if self.protocol == "file":
                write_bytes_durably(Path(self._path(key)), data)  # fsspec would write in place
            else:
                self._files.pipe_file(self._path(key), data)

    def get(self, key: str) -> bytes | None:
        """What an object holds; None where there is none.

        Raises:
            StorageError: If that cannot be told.
        """
        with self._told(key, "cannot be read"):
            try:
                return bytes(self._files.cat_file(self._path(key)))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def keys(self, prefix: str) -> tuple[str, ...]:
        """The sorted keys of all objects under a directory.

        Raises:
            StorageError: If they cannot be listed.
        """
        with self._told(prefix, "cannot be listed"):
            self._files.invalidate_cache()  # another process may have written since
            try:
                found = self._files.find(self._path(prefix))
            except FileNotFoundError:
                return ()
        root = self._root.strip("/")
        return tuple(sorted(path.strip("/").removeprefix(root).strip("/") for path in found))

    def delete(self, key: str) -> None:
        """Remove an object; none need be there.

        Raises:
            StorageError: If that fails.
        """
        with self._told(key, "cannot be removed"):
            try:
                self._files.rm_file(self._path(key))
            except FileNotFoundError:
                return

    def __reduce__(self) -> tuple[type["ObjectStorage"], tuple[str]]:
        # A connection stays in its process.
        return (ObjectStorage, (self.uri,))

    @cached_property
    def _opened(self) -> tuple[Any, str]:  # Any: fsspec has no types
        import fsspec

        try:
            files, root = fsspec.core.url_to_fs(self.uri)
        except ImportError as error:
            package = _PACKAGES.get(self.protocol)
            remedy = f"pip install {package}" if package else str(error)
            raise StorageError(f"checkpoints.uri={self.uri} needs a package that is not installed: {remedy}") from error
        except ValueError as error:
            raise StorageError(
                f"checkpoints.uri={self.uri} has a protocol that fsspec does not know; use file, s3 or gs"
            ) from error
        return files, root

    @property
    def _files(self) -> Any:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1].rstrip("/")

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _ensure_directory(self, key: str) -> None:
        # Object stores have no directories, and to ask them for one may mean to make a bucket.
        if self.protocol not in _PACKAGES:
            self._files.makedirs(self._path(key).rpartition("/")[0], exist_ok=True)

    @contextmanager
    def _told(self, key: str, what: str) -> Iterator[None]:
        """Every error of the protocol as one of ours."""
        try:
            yield
        except StorageError:
            raise
        except Exception as error:
            # Each protocol brings errors of its own; none but a full disk means anything to a caller.
            if isinstance(error, OSError) and error.errno in _NO_SPACE:
                raise
            said = " ".join(f"{type(error).__name__} {error}".split())
            raise StorageError(
                f"{self.location(key)} {what} ({said}); check the place, the network and this process's credentials"
            ) from error
