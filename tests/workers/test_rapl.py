"""RAPL counters are read from the kernel's tree: what to add, where they wrap, why they cannot be read."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.usage.counter import MeterError, Moment
from workers.usage.rapl import Rapl

RANGE_UJ = 262_143_328_850  # max_energy_range_uj of a package, as many Intel processors give it


class FakeTree:
    """The files of /sys/class/powercap that matter, in the layout of the kernel."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.zones: dict[str, Path] = {}

    def add(self, zone: str, name: str, *, energy_uj: int = 0, range_uj: int = RANGE_UJ, parent: str = "") -> None:
        directory = (self.zones[parent] if parent else self.root) / zone
        directory.mkdir(parents=True)
        (directory / "name").write_text(f"{name}\n")
        (directory / "max_energy_range_uj").write_text(f"{range_uj}\n")
        self.zones[zone] = directory
        self.set(zone, energy_uj)
        if parent:
            # The class directory lists every zone, at whatever depth, by a link.
            (self.root / zone).symlink_to(directory)

    def set(self, zone: str, energy_uj: int) -> None:
        (self.zones[zone] / "energy_uj").write_text(f"{energy_uj}\n")


@pytest.fixture
def tree(tmp_path) -> FakeTree:
    return FakeTree(tmp_path / "powercap")


def at(at_s: float) -> Moment:
    return Moment(at_s, 0.0)


def test_packages_of_all_sockets_are_added(tree):
    for socket in (0, 1):
        tree.add(f"intel-rapl:{socket}", f"package-{socket}")
    rapl = Rapl(tree.root)
    rapl.joules(at(0.0))
    tree.set("intel-rapl:0", 30_000_000)
    tree.set("intel-rapl:1", 12_000_000)

    assert rapl.domains == ("package-0", "package-1")
    assert rapl.joules(at(1.0)) == pytest.approx(42.0)


def test_what_lies_within_another_domain_is_not_added(tree):
    tree.add("intel-rapl:0", "package-0")
    tree.add("intel-rapl:0:0", "core", parent="intel-rapl:0")
    tree.add("intel-rapl:0:1", "uncore", parent="intel-rapl:0")
    tree.add("intel-rapl:0:2", "dram", parent="intel-rapl:0")
    tree.add("intel-rapl:1", "psys")
    rapl = Rapl(tree.root)
    rapl.joules(at(0.0))
    for zone, joules in (("0", 100), ("0:0", 70), ("0:1", 5), ("0:2", 8), ("1", 140)):
        tree.set(f"intel-rapl:{zone}", joules * 1_000_000)

    assert rapl.domains == ("package-0", "package-0/dram")
    assert rapl.joules(at(1.0)) == pytest.approx(108.0)  # psys holds the package, the package its cores and uncore


def test_counter_that_wraps_goes_on(tree):
    tree.add("intel-rapl:0", "package-0", energy_uj=RANGE_UJ - 5_000_000)
    rapl = Rapl(tree.root)
    rapl.joules(at(0.0))
    tree.set("intel-rapl:0", 7_000_000)

    assert rapl.joules(at(1.0)) == pytest.approx(12.0)


def test_gap_in_which_a_counter_may_wrap_twice_is_refused(tree):
    tree.add("intel-rapl:0", "package-0")
    rapl = Rapl(tree.root)
    rapl.joules(at(0.0))

    with pytest.raises(MeterError, match="300 s lie between two readings of rapl"):
        rapl.joules(at(300.0))

    assert rapl.joules(at(301.0)) == 0.0  # the next window begins anew


def test_machine_without_the_tree_says_so(tmp_path):
    with pytest.raises(MeterError, match=r"no RAPL: .* does not exist"):
        Rapl(tmp_path / "absent")


def test_tree_without_a_package_says_what_it_holds(tree):
    tree.add("intel-rapl:0", "psys")

    with pytest.raises(MeterError, match="holds psys, and no processor package"):
        Rapl(tree.root)


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A directory in which this process, even if started by root, may read no more than others may."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    user = os.geteuid()
    yield directory
    os.seteuid(user)
    shutil.rmtree(directory)


def test_counter_that_may_not_be_read_names_the_remedy(as_nobody):
    tree = FakeTree(as_nobody / "powercap")
    tree.add("intel-rapl:0", "package-0")
    (tree.zones["intel-rapl:0"] / "energy_uj").chmod(0o200)
    if os.geteuid() == 0:
        os.seteuid(65_534)

    with pytest.raises(MeterError, match=r"not readable by this user .*chmod o\+r"):
        Rapl(tree.root)


def test_counter_that_cannot_be_read_says_why(tree):
    tree.add("intel-rapl:0", "package-0")
    (tree.zones["intel-rapl:0"] / "energy_uj").write_text("no number\n")

    with pytest.raises(MeterError, match="energy_uj cannot be read: invalid literal"):
        Rapl(tree.root)
