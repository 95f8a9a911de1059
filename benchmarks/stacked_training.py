"""Time the stacked training of six seeds on a GPU beside the rate of plain fp32 products and beside transformers.

Usage: python benchmarks/stacked_training.py [--seeds 6] [--steps 200] [--peer] [--profile] [--precision fp32]
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from configs.experiment import ExperimentConfig
from configs.load import load_experiment
from workers.data_order import SequentialOrder
from workers.stack.open_trainer import open_stacked_trainer
from workers.stack.trainer import StackedTrainer

# Output width, input width and number of each matrix of the published study.
_WEIGHTS = ((768, 256, 4), (256, 256, 4), (1_408, 256, 4), (256, 704, 4), (4_096, 256, 1))
_STREAM_TOKENS = 428_628  # as the published study's


def main() -> None:
    """Print step times, tokens/s and shares of the measured rate of products."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=6)
    arguments.add_argument("--steps", type=int, default=200)
    arguments.add_argument("--precision", default="fp32")
    arguments.add_argument("--peer", action="store_true", help="also time a transformers loop, one seed")
    arguments.add_argument("--profile", action="store_true", help="also print where the time goes")
    options = arguments.parse_args()
    seeds = list(range(101, 101 + options.seeds))
    config = load_experiment(
        "published-study", overrides=[f"seeds={seeds}", f"precision={options.precision}", "placement.device=cuda"]
    )
    stream = np.random.default_rng(0).integers(0, config.model.vocab_size, size=_STREAM_TOKENS, dtype=np.uint16)
    began_s = time.perf_counter()
    trainer = _trainer(config, stream)
    trainer.take_steps(1)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {options.seeds} seeds, {options.precision}")
    print(f"first step after {time.perf_counter() - began_s:.1f} s")
    flops = config.model.training_flops_per_token * config.schedule.tokens_per_step * options.seeds
    products = _rate_of_products(options.seeds)
    durations_s = [_seconds(lambda: trainer.take_steps(options.steps)) / options.steps for _ in range(5)]
    step_s = statistics.median(durations_s)
    tokens_per_s = config.schedule.tokens_per_step * options.seeds / step_s
    print(f"products alone: {products / 1e12:.1f} TFLOP/s, weighted by the step's shapes")
    print(f"step: {step_s * 1e3:.2f} ms, {tokens_per_s:,.0f} tokens/s, {flops / step_s / 1e12:.1f} TFLOP/s")
    print(f"share of products: {flops / step_s / products:.2f}")
    print(f"{config.schedule.num_steps:,} steps would take {config.schedule.num_steps * step_s:.1f} s")
    if options.profile:
        _print_profile(trainer)
    if options.peer:
        _time_peer(config, stream, step_s=step_s)


def _trainer(config: ExperimentConfig, stream: np.ndarray) -> StackedTrainer:
    length, tokens = config.model.context_length, config.schedule.tokens_per_step
    return open_stacked_trainer(
        config,
        initialization_seeds=config.seeds,
        orders=[SequentialOrder(len(stream), length, tokens // length) for _ in config.seeds],
        stream=stream,
    )


def _rate_of_products(num_seeds: int) -> float:
    """FLOP/s of the step's batched products one after another, into kept tensors."""
    num_flops, num_s = 0, 0.0
    for num_outputs, num_inputs, times in (
        (768, 256, 4),
        (256, 256, 4),
        (1_408, 256, 4),
        (256, 704, 4),
        (4_096, 256, 1),
    ):
        x = torch.randn(num_seeds, 2_048, num_inputs, device="cuda")
        dy = torch.randn(num_seeds, 2_048, num_outputs, device="cuda")
        w = torch.randn(num_seeds, num_outputs, num_inputs, device="cuda")
        for left, right in ((x, w.transpose(1, 2)), (dy, w), (dy.transpose(1, 2), x)):
            out = torch.bmm(left, right)
            num_s += times * _event_seconds(lambda a=left, b=right, c=out: torch.bmm(a, b, out=c))
            num_flops += times * 2 * num_seeds * 2_048 * num_inputs * num_outputs
    return num_flops / num_s


def _event_seconds(work: Callable[[], object], *, repeats: int = 20) -> float:
    for _ in range(3):
        work()
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    for _ in range(repeats):
        work()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) / 1e3 / repeats


def _seconds(work: Callable[[], object]) -> float:
    torch.cuda.synchronize()
    before_s = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - before_s


def _print_profile(trainer: StackedTrainer) -> None:
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        trainer.take_steps(10)
    print(profiler.key_averages().table(sort_by="self_cuda_time_total", row_limit=40, max_name_column_width=70))


def _time_peer(config: ExperimentConfig, stream: np.ndarray, *, step_s: float) -> None:
    from transformers_peer import transformers_llama

    peer = transformers_llama(config.model).cuda()
    optimizer = torch.optim.AdamW(peer.parameters(), lr=4e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    windows = torch.from_numpy(stream[: 2_048 * 100].astype(np.int64)).view(-1, 16, 128).cuda()

    def take_step(index: int) -> None:
        optimizer.zero_grad(set_to_none=True)
        batch = windows[index % len(windows)]
        peer(input_ids=batch, labels=batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(peer.parameters(), 1.0)
        optimizer.step()

    for index in range(10):
        take_step(index)
    durations_s = [_seconds(lambda: [take_step(index) for index in range(50)]) / 50 for _ in range(5)]
    peer_step_s = statistics.median(durations_s) * len(config.seeds)
    print(f"transformers, one seed after another: {peer_step_s * 1e3:.2f} ms for one step of every seed")
    print(f"stacked over transformers: {peer_step_s / step_s:.2f}")


if __name__ == "__main__":
    main()
