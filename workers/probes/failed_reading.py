"""Say in a few words why a file could not be read."""

__all__ = ["reason_of"]


def reason_of(error: Exception) -> str:
    """What the system says, without its number and without the path, or the first line of what a library says."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
