"""How often a text can be read before that costs."""

__all__ = ["NUM_PASSES_NEARLY_FREE"]

NUM_PASSES_NEARLY_FREE = 4
"""Up to four passes are worth nearly as much as new text (Muennighoff et al. 2023, arXiv 2305.16264)."""
