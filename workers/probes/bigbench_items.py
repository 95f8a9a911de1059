"""Read multiple-choice items from the JSON files of BIG-bench tasks."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from configs.errors import ConfigurationError
from workers.probes.choice_items import ChoiceItem
from workers.probes.failed_reading import reason_of

__all__ = ["read_bigbench_items"]

SHOT_SEED = 20_221_219  # Any fixed number would do; changing it changes which examples stand before an item.
NUM_SHOTS = 2  # as in Xia et al. 2023, section 5

# Defaults of the format (BIG-bench, docs/doc.md, "JSON task schema").
_DEFAULTS = {
    "task_prefix": "",
    "example_input_prefix": "\nQ: ",
    "example_output_prefix": "\nA: ",
    "choice_prefix": "\n  choice: ",
    "few_shot_example_separator": "\n",
}


def read_bigbench_items(path: Path) -> tuple[ChoiceItem, ...]:
    """Two-shot items in the task's own template; an example with several correct options is left out.

    Args:
        path: A task.json with `examples` that have `input` and `target_scores`.

    Raises:
        ConfigurationError: If the file is no such task, or has fewer than three usable examples.
    """
    task = _read(path)
    examples = [example for example in _examples(task, path=path) if _num_correct(example) == 1]
    if len(examples) <= NUM_SHOTS:
        raise ConfigurationError(
            f"--items {path} has {len(examples)} of the {NUM_SHOTS + 1} or more examples with exactly one correct "
            "option that two-shot items need"
        )
    name = task.get("name")
    rng = random.Random(SHOT_SEED)
    return tuple(_items(examples, task=task, name=name if isinstance(name, str) and name else path.stem, rng=rng))


def _items(
    examples: Sequence[Mapping[str, Any]], *, task: Mapping[str, Any], name: str, rng: random.Random
) -> Iterator[ChoiceItem]:
    separator = _template(task, "few_shot_example_separator")
    # The prefixes of the format end in a space; it belongs to the option, as tokenizers attach it there.
    output_prefix = _template(task, "example_output_prefix")
    stem = output_prefix.rstrip(" ")
    space = output_prefix[len(stem) :]
    for index, example in enumerate(examples):
        # Only random() is used: its algorithm is the one that Python promises to keep from version to version.
        others = sorted((rng.random(), other) for other in range(len(examples)) if other != index)
        shots = [
            f"{_question(shot, task=task)}{output_prefix}{_options(shot)[_correct(shot)]}"
            for shot in (examples[other] for _, other in others[:NUM_SHOTS])
        ]
        prompt = separator.join([*shots, f"{_question(example, task=task)}{stem}"])
        options = tuple(f"{space}{option}" for option in _options(example))
        yield ChoiceItem(name, f"{_template(task, 'task_prefix')}{prompt}", options, _correct(example))


def _question(example: Mapping[str, Any], *, task: Mapping[str, Any]) -> str:
    question = f"{_template(task, 'example_input_prefix')}{example['input']}"
    if not task.get("append_choices_to_input", True):
        return question
    prefix = _template(task, "choice_prefix")
    return question + "".join(f"{prefix}{option}" for option in _options(example))


def _options(example: Mapping[str, Any]) -> list[str]:
    """In the order of their letters, which says nothing of which is correct."""
    return sorted(example["target_scores"])


def _correct(example: Mapping[str, Any]) -> int:
    scores = example["target_scores"]
    return max(range(len(scores)), key=lambda index: scores[_options(example)[index]])


def _num_correct(example: Mapping[str, Any]) -> int:
    return sum(1 for score in example["target_scores"].values() if score > 0)


def _template(task: Mapping[str, Any], key: str) -> str:
    return str(task.get(key, _DEFAULTS[key]))


def _read(path: Path) -> dict[str, Any]:
    try:
        task = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"--items {path} cannot be read: {reason_of(error)}") from None
    if not isinstance(task, dict) or not isinstance(task.get("examples"), list):
        raise ConfigurationError(f"--items {path} is no BIG-bench task: it has no list `examples`")
    return task


def _examples(task: Mapping[str, Any], *, path: Path) -> list[Mapping[str, Any]]:
    for number, example in enumerate(task["examples"]):
        if not _is_choice(example):
            raise ConfigurationError(
                f"--items {path}, example {number}: multiple choice needs a text `input` and `target_scores` of two or "
                "more options"
            )
    return list(task["examples"])


def _is_choice(example: object) -> bool:
    if not isinstance(example, dict) or not isinstance(example.get("input"), str):
        return False
    scores = example.get("target_scores")
    return (
        isinstance(scores, dict)
        and len(scores) > 1
        and all(option and isinstance(score, int | float) for option, score in scores.items())
    )
