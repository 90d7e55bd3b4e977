"""Functions that derive class labels and split parts from folders, label lists and CIFAR metadata."""
