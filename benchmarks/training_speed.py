"""Time training steps of the published study on a CPU beside a transformers loop and beside plain matrix products.

Every contestant is a process of its own, pinned to the same core; they take turns, so that all of them meet the same
minutes. Usage: python benchmarks/training_speed.py [--rounds 15] [--steps 2]
"""

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from configs.experiment import ExperimentConfig
from configs.load import load_experiment

_ROWS = 2_048  # tokens of a step


@dataclass(frozen=True)
class Contestant:
    """What takes steps in a process of its own."""

    name: str
    cores: tuple[int, ...] = (0,)
    overrides: tuple[str, ...] = ()


CONTESTANTS = (
    Contestant("transformers"),
    Contestant("products, MKL"),
    Contestant("products, oneDNN"),
    Contestant("seedscope", overrides=("placement.kernels=compiled",)),
    Contestant("seedscope, torch alone", overrides=("placement.kernels=torch",)),
    Contestant("seedscope, bf16", overrides=("placement.kernels=compiled", "precision=bf16")),
    Contestant("seedscope, 2 threads", (0, 1), ("placement.kernels=compiled", "placement.threads_per_run=2")),
    Contestant("seedscope, second core", (1,), ("placement.kernels=compiled",)),
)


def main() -> None:
    """Print medians in turn, their ratios, what two runs side by side reach, and resident memory."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--steps", type=int, default=2, help="steps of each turn")
    options = arguments.parse_args()
    spawning = multiprocessing.get_context("spawn")
    pipes: dict[str, Connection] = {}
    for contestant in CONTESTANTS:
        pipes[contestant.name], theirs = spawning.Pipe()
        spawning.Process(target=_serve, args=(contestant, theirs), daemon=True).start()
    for pipe in pipes.values():
        pipe.recv()
    step_s: dict[str, list[float]] = {name: [] for name in (*pipes, "side by side")}
    for _ in range(options.rounds):
        for name in pipes:
            step_s[name].append(_turn(options.steps, pipes[name])[0])
        step_s["side by side"].append(max(_turn(options.steps, pipes["seedscope"], pipes["seedscope, second core"])))
    _report(step_s)
    for name, pipe in pipes.items():
        pipe.send(0)
        print(f"{name:24} peak resident {pipe.recv() / 1e6:5.0f} MB")


def _turn(num_steps: int, *pipes: Connection) -> list[float]:
    """Seconds of one step, of each process, all at the same time."""
    for pipe in pipes:
        pipe.send(num_steps)
    return [pipe.recv() for pipe in pipes]


def _report(step_s: dict[str, list[float]]) -> None:
    flops = load_experiment("published-study").model.training_flops_per_token * _ROWS
    median = {name: statistics.median(durations) for name, durations in step_s.items()}
    best_products = min(median["products, MKL"], median["products, oneDNN"])
    print(f"{'':24} {'step':>8} {'tokens/s':>9} {'over transformers':>18} {'share of products':>18}")
    for name, seconds in median.items():
        runs = 2 if name == "side by side" else 1
        share = "" if name.startswith("products") else f"{runs * best_products / seconds:18.2f}"
        over = f"{runs * median['transformers'] / seconds:18.2f}"
        print(f"{name:24} {seconds * 1e3:5.0f} ms {runs * _ROWS / seconds:9,.0f} {over} {share}")
    print(f"products alone: {flops / best_products / 1e9:.0f} GFLOP/s, attention's products counted as these")
    alone = [
        (one + other) / 2 for one, other in zip(step_s["seedscope"], step_s["seedscope, second core"], strict=True)
    ]
    gains = [2 * one / both for one, both in zip(alone, step_s["side by side"], strict=True)]
    print(f"two runs side by side give {statistics.median(gains):.2f} times one run's tokens/s")


def _serve(contestant: Contestant, pipe: Connection) -> None:
    os.sched_setaffinity(0, contestant.cores)
    take_step = _prepare(contestant)
    take_step()
    take_step()
    pipe.send("ready")
    while num_steps := pipe.recv():
        before_s = time.perf_counter()
        for _ in range(num_steps):
            take_step()
        pipe.send((time.perf_counter() - before_s) / num_steps)
    from workers.usage import peak_memory_bytes

    pipe.send(peak_memory_bytes())


def _prepare(contestant: Contestant) -> Callable[[], object]:
    from workers.allocator import keep_freed_memory
    from workers.pinning import set_torch_threads
    from workers.speed import trial_step

    config = load_experiment("published-study", overrides=list(contestant.overrides))
    set_torch_threads(len(contestant.cores))
    if contestant.name == "transformers":
        return _transformers_step(config)
    keep_freed_memory()
    if contestant.name.startswith("products"):
        return _products(config, is_onednn=contestant.name.endswith("oneDNN"))
    return trial_step(config, cache_dir=Path(tempfile.gettempdir()) / "seedscope-benchmark")


def _transformers_step(config: ExperimentConfig) -> Callable[[], object]:
    import torch
    from transformers_peer import transformers_llama

    model = config.model
    peer = transformers_llama(model)
    optimizer = torch.optim.AdamW(peer.parameters(), lr=4e-4, betas=(0.9, 0.95), weight_decay=0.1)
    tokens = torch.randint(0, model.vocab_size, (_ROWS // model.context_length, model.context_length))

    def take_step() -> None:
        optimizer.zero_grad(set_to_none=True)
        peer(input_ids=tokens, labels=tokens).loss.backward()
        torch.nn.utils.clip_grad_norm_(peer.parameters(), 1.0)
        optimizer.step()

    return take_step


def _products(config: ExperimentConfig, *, is_onednn: bool) -> Callable[[], object]:
    """As many plain fp32 products as a step has FLOPs in, attention's included, in the step's shapes."""
    import torch

    model = config.model
    shapes = [
        (3 * model.width, model.width, model.num_layers),
        (model.width, model.width, model.num_layers),
        (2 * model.mlp_width, model.width, model.num_layers),
        (model.width, model.mlp_width, model.num_layers),
        (model.vocab_size, model.width, 1),
    ]
    operands = []
    for num_outputs, num_inputs, times in shapes:
        x, dy, w = (
            torch.randn(*size) for size in ((_ROWS, num_inputs), (_ROWS, num_outputs), (num_outputs, num_inputs))
        )
        # As dense as oneDNN likes them; MKL does not mind.
        dyt = dy.T.contiguous()
        operands += [
            (left, right, torch.empty(left.shape[0], right.shape[0])) for left, right in ((x, w), (dy, w.T), (dyt, x.T))
        ] * times
    matrix_flops = 6 * _ROWS * sum(outputs * inputs * times for outputs, inputs, times in shapes)
    share = config.model.training_flops_per_token * _ROWS / matrix_flops

    def take_step() -> None:
        before_s = time.perf_counter()
        for left, right, out in operands:
            if is_onednn:
                torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], "")
            else:
                torch.mm(left, right.T, out=out)
        # Attention's products at the rate of the others: their own shapes are slower.
        ends_s = before_s + (time.perf_counter() - before_s) * share
        while time.perf_counter() < ends_s:
            pass

    return take_step


if __name__ == "__main__":
    main()
