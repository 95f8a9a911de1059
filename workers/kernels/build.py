"""Compile the kernels once for each source, compiler and kind of processor."""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from importlib import resources
from pathlib import Path

from configs.errors import ResourceError

__all__ = ["build_kernels", "compiler_version"]

_COMPILERS = ("cc", "gcc", "clang")
_FLAGS = ("-O3", "-march=native", "-fopenmp", "-shared", "-fPIC")
_MOST_COMPILE_S = 120.0


def compiler_version() -> str | None:
    """The first line in which this machine's C compiler names itself; None where there is none."""
    compiler = _compiler()
    return None if compiler is None else _first_line(compiler)


def build_kernels(cache_dir: Path) -> Path:
    """The compiled library, from the cache if it holds one for this source, compiler and kind of processor.

    Args:
        cache_dir: Where it is kept; made if absent.

    Raises:
        ResourceError: If there is no C compiler, or it does not compile the source.
    """
    compiler = _compiler()
    if compiler is None:
        raise ResourceError(f"no C compiler was found ({', '.join(_COMPILERS)}); install one, such as gcc")
    source = resources.files("workers.kernels").joinpath("kernels.c").read_bytes()
    key = hashlib.sha256(b"\0".join([source, _first_line(compiler).encode(), " ".join(_FLAGS).encode(), _processor()]))
    library = cache_dir / f"kernels-{key.hexdigest()[:16]}.so"
    if not library.is_file():
        _compile(source, compiler=compiler, library=library)
    return library


def _compile(source: bytes, *, compiler: str, library: Path) -> None:
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent, prefix=".kernels-") as directory:
        code, built = Path(directory) / "kernels.c", Path(directory) / library.name
        code.write_bytes(source)
        command = [compiler, *_FLAGS, "-o", str(built), str(code), "-lm"]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=_MOST_COMPILE_S, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ResourceError(f"{compiler} did not compile the kernels: {error}") from error
        if answer.returncode:
            reason = next((line for line in answer.stderr.splitlines() if "error" in line), answer.stderr[:200])
            raise ResourceError(f"{compiler} does not compile the kernels ({reason.strip()})")
        os.replace(built, library)


def _compiler() -> str | None:
    return next((found for name in _COMPILERS if (found := shutil.which(name))), None)


def _first_line(compiler: str) -> str:
    answer = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    return (answer.stdout.splitlines() or [compiler])[0]


def _processor() -> bytes:
    """What `-march=native` looks at: the kind of processor and the instructions that it offers."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    told = sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))})
    return "\n".join([platform.machine(), platform.processor(), *told]).encode()
