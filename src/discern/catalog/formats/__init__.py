"""Readers of pictures in folders, archives, listings and CIFAR batches."""
