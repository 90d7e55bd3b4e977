"""Classifier heads and an out-of-distribution scorer for image embeddings, implemented in NumPy.

The graph of a bundle computes the same functions.
"""

from discern.bundle.heads.embedding_blocks import SMALLEST_LENGTH, Span, unit_blocks, unit_rows
from discern.bundle.heads.head import ABSENT, Head
from discern.bundle.heads.linear_head import LinearHead
from discern.bundle.heads.logits import log_sum_exp, softmax
from discern.bundle.heads.ordinal_head import OrdinalHead
from discern.bundle.heads.unknown_scorer import MEASURES, SMALLEST_SQUARE, UNKNOWN_BYTES, UnknownScorer

AnyHead = LinearHead | OrdinalHead
"""Head that a bundle's graph can compute."""

__all__ = [
    "ABSENT",
    "MEASURES",
    "SMALLEST_LENGTH",
    "SMALLEST_SQUARE",
    "UNKNOWN_BYTES",
    "AnyHead",
    "Head",
    "LinearHead",
    "OrdinalHead",
    "Span",
    "UnknownScorer",
    "log_sum_exp",
    "softmax",
    "unit_blocks",
    "unit_rows",
]
