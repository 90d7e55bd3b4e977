"""Detection of near copies by aligning and comparing candidate pairs of pictures."""
