"""Image sources that read folders, archives, label lists and CIFAR batches."""
