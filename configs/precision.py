"""In which numbers matrix products are computed."""

from enum import StrEnum

__all__ = ["Precision"]


class Precision(StrEnum):
    """Of matrix products alone; weights, sums and everything between products stay in fp32."""

    FP32 = "fp32"
    """Full precision; on a GPU without TF32."""
    TF32 = "tf32"
    """Operands rounded to 10 bits of mantissa by a GPU's matrix units."""
    BF16 = "bf16"
    """Operands and results rounded to 7 bits of mantissa."""
    FP16X3 = "fp16x3"
    """fp32 from a GPU's matrix units: operands in two fp16 parts each, of which three products are summed.

    Its relative errors stay below 2e-6 there, as those of fp32 products do (docs/performance.md).
    """
