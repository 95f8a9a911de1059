"""Write and read the two kinds of file that a corpus is kept in: token streams and a tokenizer."""

import io
import json
from pathlib import Path

import numpy as np

from configs.durable import write_bytes_durably
from configs.errors import RunDirectoryError
from workers.corpus_encoding import TokenStream

__all__ = ["parse_stream", "parse_tokenizer", "read_stream", "read_tokenizer", "write_stream"]


def write_stream(stream: TokenStream, *, path: Path) -> None:
    """Write a token stream durably in NumPy's format.

    Args:
        stream: Token ids, shape (num_tokens,).
        path: The final name; its directory must exist.
    """
    buffer = io.BytesIO()
    np.save(buffer, stream, allow_pickle=False)
    write_bytes_durably(path, buffer.getvalue())


def read_stream(path: Path) -> TokenStream:
    """Map a token stream into memory, read-only; it stays on disk.

    Args:
        path: A file that `write_stream` wrote.

    Returns:
        Token ids, uint16 or uint32, shape (num_tokens,).

    Raises:
        RunDirectoryError: If the file is missing, cut short, or holds something else.
    """
    try:
        return _require_stream(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise _unusable(path, why=error) from error


def parse_stream(data: bytes | None, *, origin: str) -> TokenStream:
    """The token stream that the content of a file is.

    Args:
        data: What `write_stream` wrote; None if there is no such file.
        origin: Where it comes from, for a reader.

    Raises:
        RunDirectoryError: As `read_stream`.
    """
    try:
        return _require_stream(np.load(io.BytesIO(_present(data)), allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise _unusable(origin, why=error) from error


def read_tokenizer(path: Path) -> str:
    """Read the text of a tokenizer.

    Args:
        path: A tokenizer, as Hugging Face tokenizers write it.

    Raises:
        RunDirectoryError: If the file is missing or is no tokenizer.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unusable(path, why=error) from error
    return parse_tokenizer(data, origin=path)


def parse_tokenizer(data: bytes | None, *, origin: Path | str) -> str:
    """The text of a tokenizer from the content of its file, None if there is none.

    Raises:
        RunDirectoryError: As `read_tokenizer`.
    """
    try:
        tokenizer_json = _present(data).decode()
        _require_tokenizer(tokenizer_json)
    except (OSError, ValueError) as error:
        raise _unusable(origin, why=error) from error
    return tokenizer_json


def _require_tokenizer(tokenizer_json: str) -> None:
    values = json.loads(tokenizer_json)
    if not isinstance(values, dict) or not {"added_tokens", "model"} <= values.keys():
        raise ValueError("it is no tokenizer")


def _present(data: bytes | None) -> bytes:
    if data is None:
        raise FileNotFoundError
    return data


def _require_stream(stream: object) -> TokenStream:
    if not isinstance(stream, np.ndarray) or stream.ndim != 1 or stream.dtype not in (np.uint16, np.uint32):
        raise ValueError("it is no flat array of uint16 or uint32")
    if not stream.size:
        raise ValueError("it holds no token")
    return stream


def _unusable(path: Path | str, *, why: Exception) -> RunDirectoryError:
    state = "is missing" if isinstance(why, FileNotFoundError) else f"is damaged ({str(why).rstrip('.')})"
    return RunDirectoryError(f"{path} {state}; start the experiment anew in another directory.")
