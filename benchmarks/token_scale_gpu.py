"""The token-scale study on one GPU: what each further token costs in joules and buys in nats, from the same seeds.

Usage: PYTHONPATH=. python3 benchmarks/token_scale_gpu.py --out DIR [--seeds 5] [--budgets 500000 1000000 2000000]
           [--time-budget-s 510] [--seed-of-order 0] [--weights DIR --peak-rate 1e-5]

Every seed trains a 1.1B Llama (TinyLlama's shape, random weights) once per token budget: from the same initial weights,
over the same beginning of the same data order, with a learning-rate schedule of its own that ends with the budget. The
order of the budgets is drawn anew within each seed. With --weights a pretrained Llama is trained further instead, each
seed from these weights over an order of its own. Energy is read from the GPU's total-energy counter at both edges of
the training, after synchronizing; power is sampled beside it and integrated. Nothing else runs meanwhile.

Files in DIR, written after every trial: trials.csv (one row each), steps.csv, power.csv (the raw samples), run.json
(machine, idle power before and after, order, what was left out). No Ray is needed, only torch, NumPy and tokenizers.
Analyse with: seedscope analyze DIR/trials.csv --subject seed --within token_budget
"""

import argparse
import csv
import hashlib
import json
import math
import os
import platform
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_llama import GpuLlama, Shape
from gpu_text import token_streams, tokenizer_of
from gpu_watch import Watch, matmul_tflops, mean_watts, open_watch

from configs.blocked_orders import blocked_orders

IDLE_S = 30.0
WARM_UP_STEPS = 24  # compile, then heat the chip; discarded
PEAK_RATE, FINAL_SHARE, WARM_UP_SHARE = 4e-4, 0.1, 0.1
TINY = Shape(width=64, num_layers=2, num_heads=4, num_kv_heads=2, mlp_width=176, vocab_size=1_024, context_length=64)


def main() -> None:
    """Run the study and print one line per trial."""
    began_s = time.monotonic()
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    device = torch.device(options.device)
    shape = TINY if options.tiny else Shape.of_directory(options.weights) if options.weights else Shape()
    watch = open_watch(device, period_s=options.period_s)
    torch.zeros(1, device=device)  # the context: an idle process with one is what the runs stand on
    study = Study(options, shape=shape, device=device, watch=watch, began_s=began_s)
    study.say(f"{device} {_device_name(device)}, torch {torch.__version__}, meter: {study.facts['meter']}")
    study.prepare()
    study.warm_up()
    study.run_trials()
    study.finish()


class Study:
    """The trials, in their order, and what is known so far."""

    def __init__(
        self, options: argparse.Namespace, *, shape: Shape, device: torch.device, watch: Watch, began_s: float
    ):
        self.options, self.shape, self.device, self.watch, self.began_s = options, shape, device, watch, began_s
        self.tokens_per_step = options.windows_per_step * shape.context_length
        self.trials: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []
        self.order = list(_run_order(options.seeds, options.budgets, rng=random.Random(options.seed_of_order)))
        self.facts: dict[str, Any] = {
            "device": _device_name(device),
            "torch": torch.__version__,
            "python": platform.python_version(),
            "shape": asdict(shape),
            "training_flops_per_token": shape.training_flops_per_token,
            "tokens_per_step": self.tokens_per_step,
            "peak_rate": options.peak_rate,
            "weights": str(options.weights) if options.weights else "random, from the shape",
            "seed_of_order": options.seed_of_order,
            "run_order": [{"seed": seed, "token_budget": budget} for seed, budget in self.order],
            "meter": watch.counter.source,
        }

    def say(self, text: str) -> None:
        """One line with the time since the start."""
        print(f"[{time.monotonic() - self.began_s:6.1f} s] {text}", flush=True)

    def prepare(self) -> None:
        """Measure idle power while the text is made on a core, then build the model."""
        first_s = time.monotonic()
        self.watch.begin()
        most_tokens = max(self.options.budgets) + self.options.evaluation_tokens
        train, held_out = token_streams(
            most_tokens,
            num_held_out=self.options.evaluation_tokens + 1,
            tokenizer=tokenizer_of(self.options.weights, vocab_size=self.shape.vocab_size),
        )
        self.train, self.held_out = train.to(self.device), held_out.to(self.device)
        time.sleep(max(0.0, self.options.idle_s - (time.monotonic() - first_s)))
        idle, _ = self.watch.take()
        self.facts["idle_watts_before"] = self.watch.idle_watts = mean_watts(idle)
        self.say(f"{len(self.train):,} tokens of stories; idle power {self.facts['idle_watts_before']} W")
        torch.set_float32_matmul_precision("high")
        with torch.device(self.device):
            self.model = GpuLlama(self.shape)
        self.num_parameters = sum(parameter.numel() for parameter in self.model.parameters())
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.95), weight_decay=0.1, fused=self.device.type == "cuda"
        )
        self.facts["num_parameters"] = self.num_parameters
        self.facts["compute_speed_tflops"] = self.compute_speed = matmul_tflops(self.device)
        self.say(f"{self.num_parameters:,} parameters; bf16 product {self.compute_speed:.0f} TFLOP/s")

    def warm_up(self) -> None:
        """Compile and heat up; where compiling fails, go on without."""
        self.facts["is_compiled"] = not self.options.eager
        if not self.options.eager:
            self.model.compile_layers()
        try:
            self._warm_up_steps()
        except Exception as error:  # the study is worth more than its speed
            if self.options.eager:
                raise
            self.say(f"not compiled: {type(error).__name__}: {str(error).splitlines()[0][:200]}")
            self.facts["is_compiled"] = False
            with torch.device(self.device):
                self.model = GpuLlama(self.shape)
            self.optimizer = torch.optim.AdamW(
                self.model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.95), weight_decay=0.1, fused=True
            )
            self._warm_up_steps()

    def _warm_up_steps(self) -> None:
        self.model.draw(0)
        starts = self._starts(0)
        for step in range(WARM_UP_STEPS if not self.options.tiny else 2):
            if step == 4 or step == 0:
                self._synchronize()
                first_step, first_s = step, time.monotonic()
            self._step(starts, step=step, num_steps=1_000)
        self._synchronize()
        step_s = (time.monotonic() - first_s) / (step + 1 - first_step)
        self._evaluate()
        self.seconds_per_token = step_s / self.tokens_per_step
        rate = 1 / self.seconds_per_token
        self.facts["warm_up_tokens_per_s"] = rate
        share = rate * self.shape.training_flops_per_token / 989.4e12  # dense bf16 peak of an H100 SXM, data sheet
        self.say(f"warm-up: {rate:,.0f} tokens/s, {share:.0%} of the bf16 peak of an H100")

    def run_trials(self) -> None:
        """One trial after another, as long as the time allows."""
        for position, (seed, budget) in enumerate(self.order):
            expected_s = budget * self.seconds_per_token * 1.1 + 4.0
            left_s = self.options.time_budget_s - (time.monotonic() - self.began_s) - self.options.idle_s
            if expected_s > left_s:
                left_out = [{"seed": one, "token_budget": other} for one, other in self.order[position:]]
                self.facts["left_out"] = left_out
                self.say(f"TIME: {len(left_out)} trials are left out, from seed {seed} at {budget:,} tokens on")
                return
            self.trials.append(self._trial(position, seed=seed, budget=budget))
            self._write()
        self.facts["left_out"] = []

    def _trial(self, position: int, *, seed: int, budget: int) -> dict[str, Any]:
        num_steps = math.ceil(budget / self.tokens_per_step)
        self._begin_anew(seed)
        checksum = self.model.checksum()
        starts = self._starts(seed)
        initial, _ = self._evaluate()
        self._synchronize()
        began_s, began_at = time.monotonic(), time.time()
        self.watch.begin()
        losses = [self._step(starts, step=step, num_steps=num_steps) for step in range(num_steps)]
        self._synchronize()
        counted, sampled = self.watch.take()
        ended_s = time.monotonic()
        final, final_se = self._evaluate()
        self.steps += [
            {"seed": seed, "token_budget": budget, "step": step + 1, "loss_nats": float(loss)}
            for step, loss in enumerate(losses)
        ]
        tokens = num_steps * self.tokens_per_step
        trial = {
            "seed": seed,
            "token_budget": budget,
            "run_order": position,
            "began_at": began_at,
            "tokens": tokens,
            "num_steps": num_steps,
            "initial_loss_nats": initial,
            "val_loss": final,
            "val_loss_se": final_se,
            "val_ppl": math.exp(min(final, 20.0)),
            "train_loss": float(losses[-1]),
            "wall_time_s": ended_s - began_s,
            "tokens_per_s": tokens / (ended_s - began_s),
            **self.watch.columns(counted, sampled, began_s=began_s, ended_s=ended_s),
            "nats_gained": initial - final,
            "num_parameters": self.num_parameters,
            "compute_speed_tflops": self.compute_speed,
            "weights_checksum": checksum,
            "order_sha256_first_budget": _order_hash(starts, num=min(self.options.budgets)),
            "device": self.facts["device"],
        }
        self.say(
            f"trial {position + 1}/{len(self.order)}: seed {seed}, {budget:,} tokens: "
            f"loss {initial:.4f} -> {final:.4f}, {_text(trial['energy_joules'], 'J')}, "
            f"{trial['tokens_per_s']:,.0f} tokens/s"
        )
        return trial

    def _step(self, starts: np.ndarray, *, step: int, num_steps: int) -> torch.Tensor:
        first = step * self.options.windows_per_step
        inputs, targets = self._windows(self.train, starts[first : first + self.options.windows_per_step])
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            loss = self.model(inputs, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.peak_rate * _rate_share(step, num_steps=num_steps)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    @torch.no_grad()
    def _evaluate(self) -> tuple[float, float]:
        length, size = self.shape.context_length, self.options.windows_per_step
        starts = np.arange(self.options.evaluation_tokens // length) * length
        parts = []
        for first in range(0, len(starts), size):
            inputs, targets = self._windows(self.held_out, starts[first : first + size])
            with torch.autocast(self.device.type, dtype=torch.bfloat16):
                parts.append(self.model(inputs, targets, reduction="none"))
        losses = torch.cat(parts).double()
        return float(losses.mean()), float(losses.std() / math.sqrt(len(losses)))

    def _windows(self, stream: torch.Tensor, starts: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        places = torch.from_numpy(starts[:, None] + np.arange(self.shape.context_length + 1)).to(self.device)
        windows = stream[places]
        return windows[:, :-1], windows[:, 1:]

    def _starts(self, seed: int) -> np.ndarray:
        length = self.shape.context_length
        num_windows = (len(self.train) - 1) // length
        order = np.argsort(np.random.Philox(key=[seed, 0]).random_raw(num_windows), kind="stable")
        needed = math.ceil(max(self.options.budgets) / self.tokens_per_step) * self.options.windows_per_step
        return length * np.resize(order, needed)

    def _begin_anew(self, seed: int) -> None:
        if self.options.weights:
            self.model.load(self.options.weights)  # every seed goes on from the same weights, with data of its own
        else:
            self.model.draw(seed)
        self._forget_moments()

    def _forget_moments(self) -> None:
        for state in self.optimizer.state.values():
            for value in state.values():
                value.zero_()

    def _synchronize(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def finish(self) -> None:
        """Idle power after all trials, and the last writing."""
        self.watch.begin()
        time.sleep(self.options.idle_s)
        idle, _ = self.watch.take()
        self.facts["idle_watts_after"] = mean_watts(idle)
        self._write()
        self.watch.counter.close()
        if self.watch.sampled:
            self.watch.sampled.close()
        self.say(
            f"idle power after: {self.facts['idle_watts_after']} W; {len(self.trials)} trials in {self.options.out}"
        )

    def _write(self) -> None:
        self.facts["seconds"] = time.monotonic() - self.began_s
        out = self.options.out
        _write_rows(out / "trials.csv", self.trials)
        _write_rows(out / "steps.csv", self.steps)
        _write_rows(out / "power.csv", list(self.watch.samples))
        (out / "run.json").write_text(json.dumps(self.facts, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5, help="Seeds 1 to N.")
    parser.add_argument("--budgets", type=int, nargs="+", default=[500_000, 1_000_000, 2_000_000])
    parser.add_argument("--time-budget-s", type=float, default=510.0, help="Trials that would end later are left out.")
    parser.add_argument(
        "--weights", type=Path, help="A Hugging Face directory of a Llama, such as TinyLlama-1.1B: train it further."
    )
    parser.add_argument("--peak-rate", type=float, default=PEAK_RATE, help="1e-5 or so where --weights are given.")
    parser.add_argument("--seed-of-order", type=int, default=0)
    parser.add_argument("--windows-per-step", type=int, default=8)
    parser.add_argument("--evaluation-tokens", type=int, default=65_536)
    parser.add_argument("--period-s", type=float, default=0.08, help="Seconds between two samples of power.")
    parser.add_argument("--idle-s", type=float, default=IDLE_S)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--eager", action="store_true", help="Do not compile.")
    parser.add_argument("--tiny", action="store_true", help="A model for a CPU, to try the script.")
    return parser.parse_args()


def _run_order(num_seeds: int, budgets: list[int], *, rng: random.Random) -> Iterator[tuple[int, int]]:
    """Seed by seed, the budgets of each in a new random order: what time leaves out costs whole seeds first."""
    orders = blocked_orders(budgets, num_blocks=num_seeds, rng=rng)
    for seed, order in enumerate(orders, start=1):
        for budget in order:
            yield seed, budget


def _rate_share(step: int, *, num_steps: int) -> float:
    warm_up = max(1, round(WARM_UP_SHARE * num_steps))
    if step < warm_up:
        return (step + 1) / warm_up
    done = (step - warm_up) / max(1, num_steps - warm_up)
    return FINAL_SHARE + (1 - FINAL_SHARE) * (1 + math.cos(math.pi * done)) / 2


def _order_hash(starts: np.ndarray, *, num: int) -> str:
    return hashlib.sha256(starts[:num].astype("<i8").tobytes()).hexdigest()[:16]


def _text(value: float | None, unit: str) -> str:
    return "energy unknown" if value is None else f"{value:,.0f} {unit}"


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "cpu"


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    partial = path.with_name(f".{path.name}")
    with partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    os.replace(partial, path)


if __name__ == "__main__":
    sys.exit(main())
