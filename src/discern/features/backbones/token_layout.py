"""Tokens that a vision transformer returns."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TokenLayout:
    """Tokens that a vision transformer returns, and the blocks that they become.

    Attributes:
        tokens: output `[N, T, D]` with the tokens of the patches, row by row.
        summary: output `[N, D]` that stands for the whole picture; empty if that is the token before the patches.
        block: name of the block for it.
        patch: side of the patches, in pixels.
        width: D.
    """

    tokens: str
    summary: str
    block: str
    patch: int
    width: int
