"""Hostile files among pictures: links, pipes, devices, folders and names."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

from tests.attacks.entry_points import READ
from tests.attacks.hostile import Hostile, among
from tests.unit.catalog.factories import picture, write_files, write_zip

REFUSED = "unreadable_file"


def link(name: str, to: str) -> Callable[[Path], object]:
    """Return a function that creates a symbolic link."""
    return lambda inside: (inside / name).symlink_to(to)


def bind(inside: Path) -> None:
    """Create a socket; bound in its folder, because socket addresses must be short."""
    here = os.open(".", os.O_RDONLY)
    os.chdir(inside)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("s.png")
    finally:
        os.fchdir(here)
        os.close(here)


def deep(inside: Path, *, levels: int, name: str) -> None:
    """Create nested folders, deeper than the longest path."""
    at = os.open(inside, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)


def circle(inside: Path) -> None:
    """Create folders with links to each other."""
    for name in "xyz":
        (inside / name).mkdir()
        (inside / name / "up").symlink_to(inside)
        (inside / name / "beside").symlink_to(inside / "xyz"["yzx".index(name)])


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link to itself": (link("l.png", "l.png"), REFUSED),
    "two links to each other": (
        lambda inside: [link("l.png", "m.png")(inside), link("m.png", "l.png")(inside)],
        REFUSED,
    ),
    "a link to nothing": (link("l.png", "nowhere.png"), REFUSED),
    "a link to /dev/zero": (link("l.png", "/dev/zero"), REFUSED),
    "a link to /dev/stdin": (link("l.png", "/dev/stdin"), REFUSED),
    "a link to /dev/full": (link("l.png", "/dev/full"), REFUSED),
    "a link to a file of /proc": (link("l.png", "/proc/self/maps"), "empty"),
    "a link to process memory": (link("l.png", "/proc/self/mem"), "empty"),
    "a link to a name of 4,000 characters": (link("l.png", "x/" * 2000), REFUSED),
    "forty links in a row": (
        lambda inside: [link(f"l{n}.png", f"l{n + 1}.png" if n < 60 else "a/1.png")(inside) for n in range(61)],
        REFUSED,
    ),
    "a pipe": (lambda inside: os.mkfifo(inside / "p.png"), REFUSED),
    "a link to a pipe": (lambda inside: [os.mkfifo(inside / "p"), link("l.png", "p")(inside)], REFUSED),
    "a pipe with an archive's name": (lambda inside: os.mkfifo(inside / "p.zip"), REFUSED),
    "a pipe with a batch's name": (lambda inside: os.mkfifo(inside / "data_batch_1"), REFUSED),
    "a pipe with a listing's name": (lambda inside: os.mkfifo(inside / "metadata.csv"), REFUSED),
    "a socket": (bind, REFUSED),
    "an archive's name that links to /dev/zero": (link("l.zip", "/dev/zero"), REFUSED),
    "a batch's name that links to /dev/zero": (link("data_batch_1", "/dev/zero"), REFUSED),
    "a listing's name that links to /dev/zero": (link("metadata.csv", "/dev/zero"), REFUSED),
    "links to folders in cycles": (circle, READ),
    "a link to the root of the system": (link("root", "/"), READ),
    "folders deeper than the longest path": (lambda inside: deep(inside, levels=30, name="f" * 200), REFUSED),
    "400 nested folders": (lambda inside: deep(inside, levels=400, name="f"), READ),
    "a folder with a picture's name": (lambda inside: (inside / "1.png").mkdir(), READ),
    "a folder with an archive's name": (lambda inside: write_files(inside, {"a.zip/1.png": picture(5)}), READ),
    "a folder with a listing's name": (lambda inside: (inside / "metadata.csv").mkdir(), READ),
    "a folder with the path of an archive's members": (
        lambda inside: [
            write_zip(inside / "a.zip", {"1.png": picture(5)}),
            write_files(inside, {"a.zip!/1.png": picture(6)}),
        ],
        REFUSED,
    ),
    "an empty file": (lambda inside: write_files(inside, {"1.png": b""}), "empty"),
    "a sparse file": (lambda inside: _sparse(inside / "1.png", 1 << 40), "too_large"),
    "a sparse file within the size limit": (lambda inside: _sparse(inside / "1.png", 60 << 20), "not_a_picture"),
}
WHYS = {
    "links to folders in cycles": "each folder counts once",
    "a link to the root of the system": "links to folders that contain the source are not followed",
    "400 nested folders": "they are empty",
    "a folder with a picture's name": "it is empty",
    "a folder with an archive's name": "it is a folder whatever its name",
    "a folder with a listing's name": "it is empty",
}
PREDICT_OUTCOMES = {
    "a folder with the path of an archive's members": "not_a_picture unreadable_file",
}
NAMES = {
    "a newline": "two\nlines.png",
    "a carriage return": "over\rwritten.png",
    "terminal escape sequences": "\x1b]0;title\x07\x1b[2J\x1b[31m.png",
    "a bell and a backspace": "\x07\x08\x08\x7f.png",
    "C1 control characters": "\x9b31m\x85.png",
    "right-to-left override": "photo\u202egnp.exe.png",
    "unclosed isolates": "\u2066\u2067\u2068.png",
    "zero-width characters": "pho\u200bto\u200d\ufeff.png",
    "a line separator": "a\u2028b\u2029.png",
    "bytes that are not UTF-8": os.fsdecode(b"\xff\xfe\x80.png"),
    "a truncated character": os.fsdecode(b"\xc3.png"),
    "an encoded surrogate": os.fsdecode(b"\xed\xa0\x80.png"),
    "the escape characters of invalid bytes": "\U0010ff80\U0010fffe.png",
    "255 bytes": "n" * 251 + ".png",
    "255 bytes of four-byte characters": "\U0001f34c" * 62 + ".png",
    "a formula": "=cmd|' calc'!A1.png",
    "a formula by plus": "+1+1.png",
    "a formula by at": "@SUM(1).png",
    "a formula by minus": "-2+3.png",
    "a formula after a tab": "\t=1+1.png",
    "an option": "--debug",
    "standard input": "-",
    "a glob pattern": "[a-z]*?{1,2}.png",
    "shell variables and commands": "$HOME`id`;rm -rf ~.png",
    "a script element": "<script>alert(1)<\u2215script>.png",
    "an HTML attribute": '" onerror=alert(1) x=".png',
    "a template": "{{7*7}}{% raw %}.png",
    "a home folder": "~root.png",
    "two dots": "..jpg",
    "a blank": " ",
    "a trailing dot": "photo.png.",
    "a Windows device": "CON.png",
    "a Windows path": "C:\\a\\b.png",
    "the separator of archive members": "a.zip!",
    "a quote": "a'\"b.png",
    "commas and semicolons": "a,b;c\t.png",
    "100 combining marks": "Z" + "\u0335" * 100 + ".png",
    "two normal forms of a character": "e\u0301-\u00e9.png",
}
HIDDEN = {"two dots"}


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def _named(what: str, name: str) -> Hostile:
    def act(inside: Path) -> None:
        os.mkdir(os.path.join(inside, "c"))  # noqa: PTH102, PTH118 - the name may not be UTF-8
        for path in (os.path.join(inside, name), os.path.join(inside, "c", name)):  # noqa: PTH118
            with open(path, "wb") as file:  # noqa: PTH123
                file.write(picture(7))  # copies, so that fixes and the page contain both names

    why = "hidden files are ignored" if what in HIDDEN else "names are text, and are escaped when shown"
    return Hostile(kind="name", name=what, entry_point="check", write=among(act), outcomes=(READ,), why=why, posix=True)


FILES = (
    *(
        Hostile(
            kind="link, pipe or folder",
            name=what,
            entry_point="scan",
            write=among(act),
            outcomes=(code,),
            why=WHYS.get(what, ""),
            posix=True,
        )
        for what, (act, code) in PLACES.items()
    ),
    *(
        Hostile(
            kind="link, pipe or folder, predicted",
            name=what,
            entry_point="predict",
            write=among(act),
            outcomes=(PREDICT_OUTCOMES.get(what, code),),
            why=WHYS.get(what, ""),
            posix=True,
        )
        for what, (act, code) in PLACES.items()
    ),
    *(_named(what, name) for what, name in NAMES.items()),
)
