"""What is made to do harm: one input, and how it is brought in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from discern.errors import DiscernError
from tests.attacks.doors import DOORS, READ, SECRET, Came
from tests.unit.catalog.factories import picture, write_files

Write = Callable[[Path], Path]


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """One hostile input.

    Attributes:
        kind: what it is an example of.
        name: unlike any other's of its kind.
        door: where it enters, one of `DOORS`.
        write: puts it into an empty folder, and gives the path to bring in.
        came: what may come of it: the codes of errors, or "read".
        why: why it may be read all the same.
        posix: links, pipes, or names that not every system has.
        heavy: takes long to make: for the benchmark alone.
    """

    kind: str
    name: str
    door: str
    write: Write
    came: tuple[str, ...]
    why: str = ""
    posix: bool = False
    heavy: bool = False

    def __post_init__(self) -> None:
        assert self.door in DOORS
        assert bool(self.why) == (READ in self.came), self.name

    @property
    def title(self) -> str:
        """Unlike any other's."""
        return f"{self.kind}: {self.name}"


def enter(hostile: Hostile, path: Path, work: Path) -> Came:
    """Bring in what was written; nothing may have been made by it."""
    try:
        came = DOORS[hostile.door](path, work)
    except DiscernError as error:
        # Two messages outside of this list's reach give no way out yet.
        assert error.hint or error.code in ("bundle_damaged", "catalog"), error.message  # noqa: PT017
        came = Came(error.code, str(error))
    assert not (work / "made").exists()
    return came


def file(name: str, make: Callable[[], bytes]) -> Write:
    """Write one file."""

    def write(folder: Path) -> Path:
        (folder / name).write_bytes(make())
        return folder / name

    return write


def among(act: Callable[[Path], object]) -> Write:
    """Let `act` put something into a folder of two sound pictures, beside which the secret lies."""

    def write(folder: Path) -> Path:
        (folder / "secret.png").write_bytes(SECRET)
        inside = write_files(folder / "in", {"a/1.png": picture(1), "b/1.png": picture(2)})
        act(inside)
        return inside

    return write


def files(found: Mapping[str, bytes]) -> Write:
    """Write files among sound pictures."""
    return among(lambda inside: write_files(inside, found))
