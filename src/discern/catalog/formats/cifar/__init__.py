"""Functions that read CIFAR batches without executing their pickled code."""
