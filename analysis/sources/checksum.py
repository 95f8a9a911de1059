"""CRC-32C of many byte strings at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["masked_crc32c"]

POLYNOMIAL = 0x82F63B78  # Castagnoli's, reflected: RFC 3720, appendix B.4
MASK_DELTA = 0xA282EAD8  # tensorflow/core/lib/hash/crc32c.h
ALL_ONES = 0xFFFFFFFF
NUM_INVERTED = 4
LENGTH_OF_PIECE = 4096


def masked_crc32c(strings: Sequence[bytes]) -> NDArray[np.uint32]:
    """The checksums as TFRecord stores them: CRC-32C, rotated right by 15 bits, plus a constant.

    Byte after byte, but for many strings at once, so that a million short records, or one of many megabytes, take
    seconds in NumPy and need no compiled package. To start from all ones is to invert the first four bytes; from zero,
    leading zeros change nothing, so that shorter strings are padded in front; and since the sum is linear, a long
    string is summed in pieces.

    Args:
        strings: Any number, of any length.

    Returns:
        Shape (num_strings,).
    """
    sums = np.zeros(len(strings), dtype=np.uint32)
    classes = np.array([len(string).bit_length() for string in strings], dtype=np.int64)
    table = _table()
    for size in np.unique(classes):
        chosen = np.flatnonzero(classes == size)
        alike = [strings[int(index)] for index in chosen]
        if size <= 2:
            sums[chosen] = [
                ~_register(np.frombuffer(string, np.uint8)[None], table=table, start=ALL_ONES)[0] for string in alike
            ]
        elif 2**size <= LENGTH_OF_PIECE:
            sums[chosen] = ~_register(_padded(alike, length=max(map(len, alike))), table=table)
        else:
            sums[chosen] = [~_register_of_long(string, table=table) for string in alike]
    return ((sums >> np.uint32(15)) | (sums << np.uint32(17))) + np.uint32(MASK_DELTA)


def _table() -> NDArray[np.uint32]:
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, (values >> np.uint32(1)) ^ np.uint32(POLYNOMIAL), values >> np.uint32(1))
    return values


def _padded(strings: Sequence[bytes], *, length: int) -> NDArray[np.uint8]:
    """Strings one below the other, their first bytes inverted, zeros in front, shape (num_strings, length)."""
    block = np.frombuffer(b"".join(string.rjust(length, b"\0") for string in strings), dtype=np.uint8)
    block = block.reshape(len(strings), length).copy()
    starts = length - np.array([len(string) for string in strings])
    for offset in range(NUM_INVERTED):
        block[np.arange(len(strings)), starts + offset] ^= 0xFF
    return block


def _register(block: NDArray[np.uint8], *, table: NDArray[np.uint32], start: int = 0) -> NDArray[np.uint32]:
    """The register after each row of bytes."""
    state = np.full(len(block), start, dtype=np.uint32)
    for column in np.ascontiguousarray(block.T):
        state = table[(state ^ column) & np.uint32(0xFF)] ^ (state >> np.uint32(8))
    return state


def _register_of_long(string: bytes, *, table: NDArray[np.uint32]) -> np.uint32:
    num_pieces = -(-len(string) // LENGTH_OF_PIECE)
    whole = _padded([string], length=num_pieces * LENGTH_OF_PIECE)
    pieces = _register(whole.reshape(num_pieces, LENGTH_OF_PIECE), table=table)
    shifted_bits = _after_a_piece_of_zeros(table)
    state = np.uint32(0)
    for piece in pieces:
        is_set = (state >> np.arange(32, dtype=np.uint32)) & np.uint32(1)
        state = np.bitwise_xor.reduce(shifted_bits[is_set == 1], initial=np.uint32(0)) ^ piece
    return state


def _after_a_piece_of_zeros(table: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """What becomes of each bit of the register, shape (32,)."""
    state = np.uint32(1) << np.arange(32, dtype=np.uint32)
    for _ in range(LENGTH_OF_PIECE):
        state = table[state & np.uint32(0xFF)] ^ (state >> np.uint32(8))
    return state
