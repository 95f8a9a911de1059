"""Write byte counts for people."""

__all__ = ["format_bytes"]


def format_bytes(num_bytes: int) -> str:
    """For example `2.1 GB`; units of 1,000."""
    if num_bytes < 1000:
        return f"{num_bytes} B"
    value = float(num_bytes)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.3g} {unit}"
    value /= 1000
    return f"{value:.3g} TB" if value < 999.5 else f"{value:,.0f} TB"
