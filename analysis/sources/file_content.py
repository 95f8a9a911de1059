"""Take the bytes of a file, or say in one sentence why that is impossible."""

import gzip
import stat
import zlib
from pathlib import Path

from configs.errors import TableError

__all__ = ["read_content"]

GZIP_MAGIC = b"\x1f\x8b"
# A table of 10^7 rows takes less; a small file that unpacks to more is an accident or an attack.
LARGEST_NUM_BYTES = 4 * 1024**3


def read_content(path: Path) -> bytes:
    """The content of a regular file, unpacked if it is gzipped.

    Args:
        path: A file; what its name ends in plays no part.

    Raises:
        TableError: If it is absent, unreadable, no regular file, empty, or a damaged or excessive gzip file.
    """
    content = _regular_content(path)
    if content.startswith(GZIP_MAGIC):
        content = _unpacked(path, content)
    if not content.strip():
        raise TableError(f"{path} is empty; give a file with one row per cell")
    return content


def _regular_content(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise TableError(f"{path} is a {_kind(mode)}; copy what it gives into a file and analyse that")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TableError(f"{path} cannot be read: {reason}") from error


def _kind(mode: int) -> str:
    names = {stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket", stat.S_IFBLK: "device", stat.S_IFCHR: "device"}
    return names.get(stat.S_IFMT(mode), "special file")


def _unpacked(path: Path, content: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    parts = []
    num_bytes = 0
    try:
        while content:
            part = unpacker.decompress(content, LARGEST_NUM_BYTES - num_bytes + 1)
            parts.append(part)
            num_bytes += len(part)
            if num_bytes > LARGEST_NUM_BYTES:
                raise TableError(f"{path} unpacks to more than {LARGEST_NUM_BYTES >> 30} GiB; split it")
            # gzip files may be joined end to end; each has its own checksum.
            content = unpacker.unconsumed_tail or unpacker.unused_data
            if not unpacker.eof and not content:
                raise TableError(f"{path} is a gzip file that was cut off; copy it again")
            if unpacker.eof and content:
                unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    except (zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f"{path} is a damaged gzip file ({error}); copy it again") from error
    return b"".join(parts)
