"""Keep the hub's library from telling of every try; what comes of them is told once."""

import logging

__all__ = ["hush_hub"]


def hush_hub() -> None:
    """Let `huggingface_hub` say errors only, unless everything is to be said; call it once that is imported."""
    if not logging.getLogger().isEnabledFor(logging.DEBUG):
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
