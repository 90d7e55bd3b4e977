"""Definition of a hostile input, and its run through an entry point."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from discern.errors import DiscernError
from tests.attacks.entry_points import ENTRY_POINTS, READ, SECRET, Outcome
from tests.unit.catalog.factories import picture, write_files

Write = Callable[[Path], Path]


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """One hostile input.

    Attributes:
        kind: type of the attack.
        name: unique among the inputs with this `kind`.
        entry_point: a key of `ENTRY_POINTS`.
        write: writes it into an empty folder and returns the path to pass.
        outcomes: permitted outcomes: error codes, or "read".
        why: reason for which it may be read.
        posix: needs links, pipes or names that not every system has.
        heavy: slow to write, and run by the benchmark only.
    """

    kind: str
    name: str
    entry_point: str
    write: Write
    outcomes: tuple[str, ...]
    why: str = ""
    posix: bool = False
    heavy: bool = False

    def __post_init__(self) -> None:
        assert self.entry_point in ENTRY_POINTS
        assert bool(self.why) == (READ in self.outcomes), self.name

    @property
    def title(self) -> str:
        """Unique title."""
        return f"{self.kind}: {self.name}"


def run_entry_point(hostile: Hostile, path: Path, work: Path) -> Outcome:
    """Pass a written input to its entry point; it must not have created the folder `made`."""
    try:
        outcome = ENTRY_POINTS[hostile.entry_point](path, work)
    except DiscernError as error:
        # Messages with these two codes have no hint yet.
        assert error.hint or error.code in ("bundle_damaged", "catalog"), error.message  # noqa: PT017
        outcome = Outcome(error.code, str(error))
    assert not (work / "made").exists()
    return outcome


def file(name: str, make: Callable[[], bytes]) -> Write:
    """Return a function that writes one file."""

    def write(folder: Path) -> Path:
        (folder / name).write_bytes(make())
        return folder / name

    return write


def among(add: Callable[[Path], object]) -> Write:
    """Return a function that writes two valid pictures into a folder next to the secret, and calls `add` on it."""

    def write(folder: Path) -> Path:
        (folder / "secret.png").write_bytes(SECRET)
        inside = write_files(folder / "in", {"a/1.png": picture(1), "b/1.png": picture(2)})
        add(inside)
        return inside

    return write


def files(contents: Mapping[str, bytes]) -> Write:
    """Return a function that writes files among valid pictures."""
    return among(lambda inside: write_files(inside, contents))
