"""Detection of unknown (out-of-distribution) pictures: the score and its threshold."""
