"""Hold one core of the Ray cluster at the address that is given, until standard input ends; run by conftest.py."""

import sys

import ray


@ray.remote(num_cpus=1)
class Holder:
    """Does nothing, on a core of its own."""

    def is_here(self) -> bool:
        """Whether it has its core."""
        return True


if __name__ == "__main__":
    ray.init(address=sys.argv[1], log_to_driver=False)
    holder = Holder.remote()
    assert ray.get(holder.is_here.remote())
    print("held", flush=True)  # noqa: T201
    sys.stdin.read()
