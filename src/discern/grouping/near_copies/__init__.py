"""Near copies: candidate pairs, alignment, comparison and confirmation."""
