"""One answer for every endpoint without a web framework: batching, model registry, localisation, JSON, status codes.

Importing this package loads nothing: the command line reads the defaults in `batch_config` without waiting for numpy.
"""
