"""Split a cross entropy into the entropy of ranks, the misfit of the probabilities to it, and a norm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["EntropyParts", "entropy_parts"]


@dataclass(frozen=True, slots=True)
class EntropyParts:
    """Cross entropy = error entropy + self-alignment - log norm, exactly; all in nats.

    All but the cross entropy move with the number of tokens: compare values from the same tokens alone.
    """

    cross_entropy_nats: float
    error_entropy_nats: float
    """Plug-in entropy of the rank of the correct token."""
    self_alignment_nats: float
    """KL from the distribution of ranks to that of the normalised geometric mean probabilities; never negative."""
    log_norm_nats: float
    """ln of the sum over observed ranks of the geometric mean probability of the correct token; the confidence."""
    error_entropy_mm_nats: float
    """Error entropy with the Miller-Madow correction (K - 1) / 2N; it does not keep the identity."""
    num_tokens: int
    num_ranks: int
    """Different ranks that were observed, K."""
    num_ties: int
    """Tokens whose logit another token of the vocabulary had as well; their rank is the best of the tied ones."""

    @property
    def identity_error_nats(self) -> float:
        """Cross entropy minus the sum of its parts: rounding alone."""
        return self.cross_entropy_nats - (self.error_entropy_nats + self.self_alignment_nats - self.log_norm_nats)


def entropy_parts(
    *, loss_nats: NDArray[np.floating], rank: NDArray[np.integer], num_ties: NDArray[np.integer]
) -> EntropyParts:
    """The parts of the mean loss, in float64.

    With p_e the share of tokens whose correct token had rank e, and Q_e the geometric mean of its probability among
    them: error entropy -sum p ln p; log norm ln C = ln sum Q; self-alignment sum p ln(p C / Q). Sums run over observed
    ranks; nothing is smoothed, which would break the identity.

    Source: Yan et al. 2025, arXiv:2510.04067, as its abstract, reviews and public notes define it.

    Args:
        loss_nats: Cross entropy of each correct token, shape (num_tokens,).
        rank: Tokens of the vocabulary with a strictly larger logit, shape (num_tokens,); 0 is best.
        num_ties: Other tokens with exactly the correct one's logit, shape (num_tokens,).
    """
    loss = np.asarray(loss_nats, dtype=np.float64)
    num_tokens = len(loss)
    _, inverse, counts = np.unique(rank, return_inverse=True, return_counts=True)
    share = counts / num_tokens
    log_q = -np.bincount(inverse, weights=loss) / counts
    largest = log_q.max()
    log_norm = float(largest + np.log(np.exp(log_q - largest).sum()))
    error_entropy = max(0.0, float(-(share * np.log(share)).sum()))
    return EntropyParts(
        cross_entropy_nats=float(loss.mean()),
        error_entropy_nats=error_entropy,
        self_alignment_nats=float((share * (np.log(share) - log_q)).sum()) + log_norm,
        log_norm_nats=log_norm,
        error_entropy_mm_nats=error_entropy + (len(counts) - 1) / (2 * num_tokens),
        num_tokens=num_tokens,
        num_ranks=len(counts),
        num_ties=int(np.count_nonzero(num_ties)),
    )
