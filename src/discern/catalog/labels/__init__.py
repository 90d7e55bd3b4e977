"""Derivation of picture labels and parts from folders, listings and CIFAR metadata."""
