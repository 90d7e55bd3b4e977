"""Dataclass for what continuous integration repeats: a run's options, its files and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CiRecipe:
    """Run that continuous integration repeats.

    Attributes:
        name: name of the run, which the bundle has as well.
        data: path of its pictures in the repository, or their address in a bucket.
        facts: content of its `run.json`, with paths in the repository instead of those of this machine.
        files: content of the files that it needs, by their paths in the repository.
        words: further words of `discern evaluate`, by which it reads the pictures as the run did.
        sha256: SHA-256 digest of the bundle, hexadecimal.
        findings: number of findings of the checks on its pictures.
        accuracy: lower end of the interval of its accuracy, in [0, 1]; None if it was not measured.
        has_test_part: whether the accuracy is that of a test part, which `discern evaluate` finds again.
        torch: whether its method trains with PyTorch.
    """

    name: str
    data: str
    facts: Mapping[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    sha256: str
    findings: int
    accuracy: float | None
    has_test_part: bool = True
    torch: bool = False
