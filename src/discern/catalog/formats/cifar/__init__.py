"""CIFAR's pickled batches, read as data."""
