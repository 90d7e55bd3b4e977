"""Detection of near copies: candidate pairs, alignment, comparison, confirmation."""
