"""Let the C library keep freed memory instead of giving it back to the kernel."""

import ctypes
import platform

__all__ = ["keep_freed_memory"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_LARGEST_BLOCK_BYTES = 2**30
_MOST_KEPT_BYTES = 2**31 - 1
_MADV_HUGEPAGE = 14  # asm-generic/mman-common.h
_HUGE_PAGE_BYTES = 2**21


def keep_freed_memory() -> bool:
    """Serve large blocks from the heap, never shrink it, and let huge pages stand behind it.

    A training step takes and frees the same large tensors again and again. By default glibc maps each of them anew, and
    the kernel fills every page with zeros at its first touch (benchmarks/training_speed.py shows what that costs).

    Returns:
        Whether that holds from now on; False with another C library, where nothing is changed.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    is_kept = library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_BLOCK_BYTES)
    is_kept = is_kept and library.mallopt(_M_TRIM_THRESHOLD, _MOST_KEPT_BYTES)
    if is_kept:
        _ask_for_huge_pages(library)
    return bool(is_kept)


def _ask_for_huge_pages(library: ctypes.CDLL) -> None:
    """Grow the heap by addresses alone, and mark these; a kernel without huge pages, or a limit, leaves it as it is."""
    library.malloc.restype = ctypes.c_void_p
    num_bytes = _LARGEST_BLOCK_BYTES - _HUGE_PAGE_BYTES
    if (block := library.malloc(ctypes.c_size_t(num_bytes))) is None:
        return
    start = (block + _HUGE_PAGE_BYTES - 1) // _HUGE_PAGE_BYTES * _HUGE_PAGE_BYTES
    end = (block + num_bytes) // _HUGE_PAGE_BYTES * _HUGE_PAGE_BYTES
    library.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_HUGEPAGE)
    library.free(ctypes.c_void_p(block))
