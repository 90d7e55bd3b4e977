"""Inference shared by all endpoints, free of web frameworks: batching, model registry, localisation, JSON, statuses.

Importing this package loads nothing: the command line reads the defaults in `batch_config` without waiting for numpy.
"""
