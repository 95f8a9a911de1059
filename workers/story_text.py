"""Read stories out of one .txt file, where a line `<|endoftext|>` stands after each story."""

from collections.abc import Iterator
from pathlib import Path

from configs.errors import CorpusError

__all__ = ["read_text_stories"]

END_OF_STORY = b"<|endoftext|>"  # As in TinyStories, Eldan and Li 2023, arXiv 2305.07759.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_text_stories(path: Path) -> Iterator[str]:
    r"""Read the stories one by one, exactly as they stand: neither stripped nor reflowed.

    Only the separator is removed: the line `<|endoftext|>` with the line end before it and its own. Either may be
    `\\n` or `\\r\\n`. What follows the last separator is a story, too.

    Args:
        path: A UTF-8 text file.

    Returns:
        The stories, read only as far as they are asked for. Empty ones are among them.

    Raises:
        CorpusError: While reading, if the text is not UTF-8, holds NUL bytes, or has a separator within a line.
    """
    lines: list[bytes] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            text = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
            _require_text(text, path=path, number=number)
            if END_OF_STORY not in text:
                lines.append(text)
                continue
            _require_own_line(text, path=path, number=number)
            yield _decode(_without_line_end(b"".join(lines)), path=path, number=number)
            lines = []
        yield _decode(b"".join(lines), path=path, number=None)


def _require_text(line: bytes, *, path: Path, number: int) -> None:
    # Looked for in each line: a large binary file without separators would be read whole before it is decoded.
    if b"\0" in line:
        raise CorpusError(f"{path} is not text: line {number} holds NUL bytes; give a file of UTF-8 text.")


def _require_own_line(line: bytes, *, path: Path, number: int) -> None:
    if _without_line_end(line) != END_OF_STORY:
        raise CorpusError(
            f"{path} line {number} holds <|endoftext|> beside other text; put each <|endoftext|> on a line of its own."
        )


def _without_line_end(text: bytes) -> bytes:
    return text.removesuffix(b"\n").removesuffix(b"\r") if text.endswith(b"\n") else text


def _decode(story: bytes, *, path: Path, number: int | None) -> str:
    where = "the last story" if number is None else f"the story that ends at line {number}"
    try:
        return story.decode()
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path} is not UTF-8: {where} holds byte 0x{story[error.start]:02x}; save the file as UTF-8."
        ) from error
