"""Let the C library keep freed memory instead of giving it back to the kernel."""

import ctypes
import platform

__all__ = ["keep_freed_memory"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_LARGEST_BLOCK_BYTES = 2**30
_MOST_KEPT_BYTES = 2**31 - 1


def keep_freed_memory() -> bool:
    """Serve large blocks from the heap, and never shrink it.

    A training step takes and frees the same large tensors again and again. By default glibc maps each of them anew, and
    the kernel fills every page with zeros at its first touch (benchmarks/training_speed.py shows what that costs).

    Returns:
        Whether that holds from now on; False with another C library, where nothing is changed.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    kept = library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_BLOCK_BYTES)
    return bool(kept and library.mallopt(_M_TRIM_THRESHOLD, _MOST_KEPT_BYTES))
