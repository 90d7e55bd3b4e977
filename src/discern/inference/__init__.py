"""Inference engine shared by all endpoints, without a web framework: batching, model registry, request parsing.

Importing this package loads nothing: the command line reads the defaults in `batch_config` without waiting for numpy.
"""
