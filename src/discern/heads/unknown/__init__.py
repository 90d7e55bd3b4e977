"""Functions that detect out-of-distribution images by a score and its threshold."""
