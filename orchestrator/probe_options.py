"""The arguments of `seedscope probe`, as the command line explains them."""

from pathlib import Path
from typing import Annotated, Optional

import typer

__all__ = [
    "Checkpoints",
    "Conditions",
    "ContextLength",
    "Inline",
    "Items",
    "NumTokens",
    "Out",
    "Seeds",
    "Source",
    "Starts",
    "Steps",
    "Study",
    "Text",
    "Threads",
    "TokenizerFile",
    "TokensPerStep",
    "Unigram",
    "UsesStored",
]


def _study_names() -> list[str]:
    from orchestrator.probes.studies import STUDY_NAMES

    return list(STUDY_NAMES)


Study = Annotated[
    str, typer.Argument(metavar="STUDY", help="convergence, entropy or trends.", autocompletion=_study_names)
]
Inline = Annotated[bool, typer.Option("--inline", help="In threads of this process, without Ray.")]
Source = Annotated[
    Optional[Path],  # noqa: UP045, typer reads it at run time
    typer.Argument(metavar="RUN", help="A run directory; without it, give --checkpoints."),
]
Checkpoints = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(metavar="PATTERN", help="Hugging Face directories, such as 'DIR/seed{seed}/step{step}'."),
]
Text = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(metavar="FILE", help="Stories to probe --checkpoints on."),
]
Out = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--out", metavar="DIR", help="Where the results go. Default: RUN/probes."),
]
NumTokens = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--tokens", metavar="N", help="Most next tokens to probe on. Default: probe.tokens."),
]
ContextLength = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(metavar="N", help="Tokens in a window. Default: the shortest context of the models."),
]
TokenizerFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(metavar="FILE", help="A tokenizer.json, where --checkpoints have none."),
]
Unigram = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(metavar="FILE", help="Counts by token id (.npy) or a text to count, for --checkpoints."),
]
TokensPerStep = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(metavar="N", help="Training tokens of one step, for --checkpoints."),
]
Conditions = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(metavar="A,B", help="What {condition} stands for in --checkpoints 'hub:ORG/MODEL@REVISION'."),
]
Seeds = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(metavar="1,3", help="What {seed} stands for in --checkpoints 'hub:...'."),
]
Steps = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(metavar="0,512", help="What {step} stands for in --checkpoints 'hub:...'."),
]
Starts = Annotated[
    Optional[list[float]],  # noqa: UP045
    typer.Option("--start", metavar="SHARE", help="trends: told after this share of training, repeatable."),
]
Items = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Option("--items", metavar="FILE", help="trends: a BIG-bench task in JSON, repeatable."),
]
UsesStored = Annotated[
    bool,
    typer.Option("--stored", help="trends, entropy: from the scores that training stored, without a forward pass."),
]
Threads = Annotated[int, typer.Option(metavar="N", help="Cores of one task.")]
