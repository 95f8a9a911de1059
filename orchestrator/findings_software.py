"""Find out whether torch, the packages, the shell's variables and Ray itself are fit to run an experiment."""

import platform
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from types import ModuleType

from packaging.requirements import Requirement

from orchestrator.finding import Finding
from orchestrator.kernel_files import kernel_fields
from orchestrator.versions import version_of

__all__ = [
    "compiler_finding",
    "packages_finding",
    "ray_finding",
    "required_packages",
    "torch_finding",
    "variables_finding",
]

_THREAD_COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")

_BINDINGS = ("GOMP_CPU_AFFINITY", "KMP_AFFINITY")
"""Of libgomp and of Intel's OpenMP; the first moves even the main thread out of its mask (seen with torch 2.13)."""

_MATRIX_FLAGS = ("avx512_bf16", "amx_bf16", "amx_tile", "bf16")
"""Names in /proc/cpuinfo of bfloat16 and matrix instructions; the last one is ARM's."""


def torch_finding(root: Path = Path("/")) -> Finding:
    """Which torch there is, and how fast it can be on this CPU."""
    try:
        import torch
    except ImportError as error:
        return Finding("torch", "cannot be imported", f"No run can start: {error}; install torch again.")
    capability = torch.backends.cpu.get_cpu_capability()
    backends: dict[str, ModuleType] = {
        "OpenMP": torch.backends.openmp,
        "MKL": torch.backends.mkl,
        "oneDNN": torch.backends.mkldnn,
    }
    libraries = [name for name, backend in backends.items() if backend.is_available()]
    parts = (
        torch.__version__,
        f"{torch.get_num_threads()} threads by default",
        f"vector instructions {capability}",
        f"bfloat16 and matrix instructions {', '.join(_matrix_flags(root)) or 'none'}",
        f"built with {', '.join(libraries) or 'none of OpenMP, MKL, oneDNN'}",
    )
    return Finding("torch", "; ".join(parts), _torch_concern(capability, libraries=libraries))


def required_packages(distribution: str = "seedscope") -> tuple[str, ...]:
    """What an installed distribution requires without its extras; empty where it is not installed."""
    try:
        lines = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return ()
    return tuple(line for line in lines if _is_applicable(Requirement(line)))


def packages_finding(requirements: Iterable[str]) -> Finding:
    """Which required packages are installed, and which are missing or of a wrong version.

    Args:
        requirements: As in pyproject.toml, such as `ray>=2.59`.
    """
    wanted = [requirement for requirement in map(Requirement, requirements) if _is_applicable(requirement)]
    if not wanted:
        return Finding(
            "packages",
            "the requirements of seedscope are not known, since it is not installed",
            "Missing packages show only when they are used; install it with `pip install -e .` in its directory.",
        )
    unmet = {str(requirement): state for requirement in wanted if (state := _unmet_state(requirement)) is not None}
    concern = None
    if unmet:
        states = ", ".join(f"{line} ({state})" for line, state in unmet.items())
        names = " ".join(f"'{line}'" for line in unmet)
        concern = f"The command fails where it needs {states}; install with `pip install {names}`."
    versions = ", ".join(f"{requirement.name} {version_of(requirement.name) or 'missing'}" for requirement in wanted)
    return Finding("packages", f"{len(wanted) - len(unmet)} of {len(wanted)} as required: {versions}", concern)


def compiler_finding(version: str | None) -> Finding:
    """Whether the kernels can be compiled for this machine's processor.

    Args:
        version: How its C compiler names itself; None where there is none.
    """
    if version is not None:
        return Finding("compiler", version)
    return Finding("compiler", "none", "Runs train slower without kernels; install a C compiler, such as gcc.")


def variables_finding(environment: Mapping[str, str]) -> Finding:
    """Which variables of the shell change threads, pinning or the cluster behind the config's back."""
    counts = [name for name in _THREAD_COUNTS if name in environment]
    bindings = [name for name in _BINDINGS if name in environment]
    addresses = [name for name in ("RAY_ADDRESS",) if name in environment]
    effects = []
    if counts:
        effects.append(
            f"{_enumerated(counts)} sets the threads of the statistics (runs obey placement.threads_per_run)"
        )
    if bindings:
        effects.append(f"{_enumerated(bindings)} can move threads off their cores, which falsifies measured speeds")
    if addresses:
        effects.append(f"{_enumerated(addresses)} leads Ray's tools to that cluster (name one with --address instead)")
    found = [f"{name}={environment[name]}" for name in (*counts, *bindings, *addresses)]
    concern = f"Beside the config, {'; '.join(effects)}: unset what is not meant." if effects else None
    return Finding("shell variables", ", ".join(found) or "none that matters", concern)


def ray_finding(can_start_ray: Callable[[], str | None]) -> Finding:
    """Whether Ray starts on this machine.

    Args:
        can_start_ray: Starts and stops a private Ray; answers None, or in one sentence why it did not start.
    """
    obstacle = can_start_ray()
    if obstacle is None:
        return Finding("Ray", "starts")
    return Finding("Ray", "does not start", obstacle)


def _matrix_flags(root: Path) -> list[str]:
    values = kernel_fields(root / "proc/cpuinfo")
    present = f"{values.get('flags', '')} {values.get('Features', '')}".split()
    return [flag for flag in _MATRIX_FLAGS if flag in present]


def _torch_concern(capability: str, *, libraries: list[str]) -> str | None:
    if "OpenMP" not in libraries:
        return "Without OpenMP a run uses one thread whatever is asked for; install the wheel of pytorch.org."
    if capability == "DEFAULT" and platform.machine() in ("x86_64", "AMD64"):
        return "Torch uses no vector instructions and is several times slower; unset ATEN_CPU_CAPABILITY if it is set."
    return None


def _is_applicable(requirement: Requirement) -> bool:
    """Whether the requirement holds on this platform; one of an extra holds only under the extra's name."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _unmet_state(requirement: Requirement) -> str | None:
    """What is there instead of what is required; None when it is met."""
    version = version_of(requirement.name)
    if version is None:
        return "missing"
    # A pre-release that someone installed is taken at its number.
    return None if requirement.specifier.contains(version, prereleases=True) else f"{version} is installed"


def _enumerated(names: list[str]) -> str:
    return " or ".join(names)
