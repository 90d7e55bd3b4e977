"""Heads and the unknown scorer as plain arrays, for numpy and for the graph of a bundle."""

from discern.bundle.heads.embedding_blocks import SMALLEST_LENGTH, Span, unit_blocks
from discern.bundle.heads.head import ABSENT, Head
from discern.bundle.heads.linear_head import LinearHead
from discern.bundle.heads.logits import log_sum_exp, softmax
from discern.bundle.heads.ordinal_head import OrdinalHead
from discern.bundle.heads.unknown_scorer import MEASURES, SMALLEST_SQUARE, UNKNOWN_BYTES, UnknownScorer

__all__ = [
    "ABSENT",
    "MEASURES",
    "SMALLEST_LENGTH",
    "SMALLEST_SQUARE",
    "UNKNOWN_BYTES",
    "Head",
    "LinearHead",
    "OrdinalHead",
    "Span",
    "UnknownScorer",
    "log_sum_exp",
    "softmax",
    "unit_blocks",
]
