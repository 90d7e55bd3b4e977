"""Readers of CIFAR batches, whose pickles are parsed without being executed."""
