"""Tokens that a vision transformer returns."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TokenLayout:
    """Tokens that a vision transformer returns, and the blocks that they become.

    Attributes:
        tokens: output `[N, T, D]` with the tokens of the patches, row by row.
        summary: output `[N, D]` that stands for the whole picture; empty if that is the token before the patches.
        block: name of the block for it.
        side: number of patches along each side.
        width: D.
    """

    tokens: str
    summary: str
    block: str
    side: int
    width: int

    @property
    def blocks(self) -> Mapping[str, tuple[int, int]]:
        """Return the column ranges of the embedding blocks in order."""
        return {"head": (0, self.width), self.block: (self.width, 2 * self.width)}
