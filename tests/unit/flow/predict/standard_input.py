"""Replacement of standard input."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def standard_input(data: bytes | BinaryIO) -> Iterator[None]:
    """Replace standard input by bytes or a stream of bytes."""
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data) if isinstance(data, bytes) else data)
    try:
        yield
    finally:
        sys.stdin = before
