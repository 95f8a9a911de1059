"""Freed memory stays with the process, with huge pages behind it where the kernel has them."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this C library is not glibc")

HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
CHOICE = HUGE_PAGES.read_text(encoding="utf-8") if HUGE_PAGES.exists() else "[never]"
# A process of its own: what it changes holds for the rest of a process.
COUNT_FAULTS = """
import resource, torch
from workers.allocator import keep_freed_memory
if {is_kept}: assert keep_freed_memory()
torch.ones(25_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10): torch.ones(25_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
SUM_MARKED_HEAP = """
import re, torch
from pathlib import Path
from workers.allocator import keep_freed_memory
keep_freed_memory()
held = torch.ones(25_000_000)
parts = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text())
marked = [part for part in parts if "[heap]" in part and " hg" in part.rpartition("VmFlags:")[2]]
print(sum(int(re.search(r"Rss: *([0-9]+)", part)[1]) for part in marked))
"""


@pytest.mark.skipif("[always]" in CHOICE, reason="the kernel puts huge pages behind every large block anyway")
def test_a_large_block_taken_again_is_not_mapped_anew():
    kept, not_kept = (printed_by(COUNT_FAULTS.format(is_kept=is_kept)) for is_kept in (True, False))

    assert kept < not_kept / 50  # each of ten blocks has 24,000 small pages


@pytest.mark.skipif("[never]" in CHOICE, reason="the kernel has no huge pages")
def test_huge_pages_are_asked_for_behind_large_blocks():
    assert printed_by(SUM_MARKED_HEAP) > 90_000  # kB; the block has 100,000


def printed_by(code: str) -> int:
    command = [sys.executable, "-c", code]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)
