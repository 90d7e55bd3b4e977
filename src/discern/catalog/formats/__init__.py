"""Readers of the formats in which pictures are stored: folders, archives, listings and CIFAR batches."""
