"""Measure what expected convergence costs: 6 seeds (15 pairs) x 21 intervals x 4,662 contexts x 4,096 token types.

    python benchmarks/probe_convergence.py [--num-seeds 6] [--num-intervals 21] [--num-contexts 4662] [--num-types 4096]
        [--only-divergences]

The first part times the divergences alone, from logits that are there; the second the whole of `seedscope probe
convergence --inline` on models of the published size with random weights: reading, forward passes, divergences, files.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from configs.load import load_experiment
from workers.llama_format import llama_config, to_llama_names
from workers.model import build_model
from workers.probes.divergence import DivergenceCollector

BATCH = 512


def main() -> None:
    """Print both times and the peak of memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("seeds", 6), ("intervals", 21), ("contexts", 4_662), ("types", 4_096)):
        parser.add_argument(f"--num-{name}", type=int, default=default)
    parser.add_argument("--only-divergences", action="store_true", help="leave out the whole command")
    options = parser.parse_args()
    seconds = time_divergences(options)
    own_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        f"divergences alone: {seconds:.1f} s of one core for all {options.num_intervals} intervals, "
        f"largest resident size {own_bytes / 1e9:.2f} GB"
    )
    if options.only_divergences:
        return
    with tempfile.TemporaryDirectory() as directory:
        make_checkpoints(Path(directory), options)
        time_command(Path(directory))


def time_divergences(options: argparse.Namespace) -> float:
    """Seconds of one core for all intervals, from the median of three; what else the machine does hardly counts."""
    torch.set_num_threads(1)
    batch = [torch.randn(BATCH, options.num_types) for _ in range(options.num_seeds)]
    log_unigram = np.full(options.num_types, -np.log(options.num_types))
    times = []
    for _ in range(3):
        collector = DivergenceCollector(
            num_seeds=options.num_seeds,
            num_contexts=options.num_contexts + BATCH,
            num_types=options.num_types,
            log_unigram=log_unigram,
        )
        started_s = time.process_time()
        for first in range(0, options.num_contexts, BATCH):
            collector.add(batch, first=first)
        num_done = -(-options.num_contexts // BATCH) * BATCH
        times.append((time.process_time() - started_s) * options.num_contexts / num_done)
    return sorted(times)[1] * options.num_intervals


def make_checkpoints(directory: Path, options: argparse.Namespace) -> None:
    """Checkpoints of the published size with random weights, a tokenizer of bytes, and a text."""
    config = load_experiment("published-study", overrides=[f"model.vocab_size={options.num_types}"]).model
    for seed in range(options.num_seeds):
        for step in range(options.num_intervals):
            place = directory / f"seed{seed}" / f"step{step}"
            place.mkdir(parents=True)
            weights = to_llama_names(
                dict(build_model(config, seed=1_000 * seed + step).named_parameters()), config=config
            )
            save_file(weights, place / "model.safetensors", {"format": "pt"})
            (place / "config.json").write_text(json.dumps(llama_config(config)))
    words = {f"w{index}": index for index in range(options.num_types)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="w0"))  # noqa: S106, no password
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(directory / "tokenizer.json"))
    rng = np.random.default_rng(0)
    story = " ".join(f"w{index}" for index in rng.integers(4, options.num_types, size=options.num_contexts))
    (directory / "text.txt").write_text(story)


def time_command(directory: Path) -> None:
    """Run the command in a process of its own and print its wall time and largest resident size."""
    command = [
        *(str(Path(sys.executable).with_name("seedscope")), "probe", "convergence", "--inline"),
        *("--checkpoints", str(directory / "seed{seed}" / "step{step}")),
        *("--tokenizer", str(directory / "tokenizer.json"), "--text", str(directory / "text.txt")),
        *("--unigram", str(directory / "text.txt"), "--out", str(directory / "out")),
    ]
    started_s = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    elapsed_s = time.perf_counter() - started_s
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"whole command: {elapsed_s:.1f} s wall, {used.ru_utime + used.ru_stime:.1f} s of cores, "
        f"largest resident size {used.ru_maxrss * 1024 / 1e9:.2f} GB"
    )


if __name__ == "__main__":
    main()
