"""CIFAR batch readers that parse pickles without executing them."""
