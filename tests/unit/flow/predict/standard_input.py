"""Replacement of standard input."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def standard_input(data: bytes) -> Iterator[None]:
    """Replace standard input by bytes."""
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data))
    try:
        yield
    finally:
        sys.stdin = before
