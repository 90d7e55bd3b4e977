"""Links, pipes, devices and names among pictures."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

from tests.attacks.doors import READ
from tests.attacks.hostile import Hostile, among
from tests.unit.catalog.factories import picture, write_files, write_zip

REFUSED = "unreadable_file"


def link(name: str, to: str) -> Callable[[Path], object]:
    return lambda inside: (inside / name).symlink_to(to)


def bind(inside: Path) -> None:
    """A socket; its address may not be long, so it is bound where it lies."""
    here = os.open(".", os.O_RDONLY)
    os.chdir(inside)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("s.png")
    finally:
        os.fchdir(here)
        os.close(here)


def deep(inside: Path, *, levels: int, name: str) -> None:
    """Folders in folders, further than any path reaches."""
    at = os.open(inside, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)


def circle(inside: Path) -> None:
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
    "a link to a growing file of the system": (link("l.png", "/proc/self/maps"), "empty"),
    "a link to its memory": (link("l.png", "/proc/self/mem"), "empty"),
    "a link to a name of 5,000 letters": (link("l.png", "x/" * 2000), REFUSED),
    "forty links in a row": (
        lambda inside: [link(f"l{n}.png", f"l{n + 1}.png" if n < 60 else "a/1.png")(inside) for n in range(61)],
        REFUSED,
    ),
    "a pipe": (lambda inside: os.mkfifo(inside / "p.png"), REFUSED),
    "a link to a pipe": (lambda inside: [os.mkfifo(inside / "p"), link("l.png", "p")(inside)], REFUSED),
    "a pipe under an archive's name": (lambda inside: os.mkfifo(inside / "p.zip"), REFUSED),
    "a pipe under a batch's name": (lambda inside: os.mkfifo(inside / "data_batch_1"), REFUSED),
    "a pipe under a list's name": (lambda inside: os.mkfifo(inside / "metadata.csv"), REFUSED),
    "a socket": (bind, REFUSED),
    "an archive's name that leads to /dev/zero": (link("l.zip", "/dev/zero"), REFUSED),
    "a batch's name that leads to /dev/zero": (link("data_batch_1", "/dev/zero"), REFUSED),
    "a list's name that leads to /dev/zero": (link("metadata.csv", "/dev/zero"), REFUSED),
    "links to folders in circles": (circle, READ),
    "a link to the root of the system": (link("root", "/"), READ),
    "folders past the longest path": (lambda inside: deep(inside, levels=30, name="f" * 200), REFUSED),
    "400 folders in folders": (lambda inside: deep(inside, levels=400, name="f"), READ),
    "a folder under a picture's name": (lambda inside: (inside / "1.png").mkdir(), READ),
    "a folder under an archive's name": (lambda inside: write_files(inside, {"a.zip/1.png": picture(5)}), READ),
    "a folder under a list's name": (lambda inside: (inside / "metadata.csv").mkdir(), READ),
    "a folder named as an archive's inside": (
        lambda inside: [
            write_zip(inside / "a.zip", {"1.png": picture(5)}),
            write_files(inside, {"a.zip!/1.png": picture(6)}),
        ],
        REFUSED,
    ),
    "an empty file": (lambda inside: write_files(inside, {"1.png": b""}), "empty"),
    "a file of holes": (lambda inside: _holes(inside / "1.png", 1 << 40), "too_large"),
    "a file of holes within the limit": (lambda inside: _holes(inside / "1.png", 60 << 20), "not_a_picture"),
}
WHYS = {
    "links to folders in circles": "links to folders are not followed",
    "a link to the root of the system": "links to folders are not followed",
    "400 folders in folders": "there is nothing in them",
    "a folder under a picture's name": "there is nothing in it",
    "a folder under an archive's name": "it is a folder whatever its name",
    "a folder under a list's name": "there is nothing in it",
}
ANSWERED = {
    "a folder named as an archive's inside": "not_a_picture",
}
NAMES = {
    "a newline": "two\nlines.png",
    "a carriage return": "over\rwritten.png",
    "a terminal's commands": "\x1b]0;title\x07\x1b[2J\x1b[31m.png",
    "a bell and a backspace": "\x07\x08\x08\x7f.png",
    "C1 control characters": "\x9b31m\x85.png",
    "right to left": "photo\u202egnp.exe.png",
    "isolates left open": "\u2066\u2067\u2068.png",
    "no width": "pho\u200bto\u200d\ufeff.png",
    "a line separator": "a\u2028b\u2029.png",
    "bytes that are no text": os.fsdecode(b"\xff\xfe\x80.png"),
    "half a letter": os.fsdecode(b"\xc3.png"),
    "a surrogate in bytes": os.fsdecode(b"\xed\xa0\x80.png"),
    "the escape for odd bytes itself": "\U0010ff80\U0010fffe.png",
    "255 bytes": "n" * 251 + ".png",
    "255 bytes of four-byte letters": "\U0001f34c" * 62 + ".png",
    "a formula": "=cmd|' calc'!A1.png",
    "a formula by plus": "+1+1.png",
    "a formula by at": "@SUM(1).png",
    "a formula by minus": "-2+3.png",
    "a formula after a tab": "\t=1+1.png",
    "an option": "--debug",
    "standard input": "-",
    "a pattern": "[a-z]*?{1,2}.png",
    "a variable": "$HOME`id`;rm -rf ~.png",
    "a page's script": "<script>alert(1)<\u2215script>.png",
    "an attribute of a page": '" onerror=alert(1) x=".png',
    "a template": "{{7*7}}{% raw %}.png",
    "a home": "~root.png",
    "two dots": "..jpg",
    "a blank": " ",
    "a trailing dot": "photo.png.",
    "another system's device": "CON.png",
    "another system's path": "C:\\a\\b.png",
    "an archive's inside": "a.zip!",
    "a quote": "a'\"b.png",
    "commas and semicolons": "a,b;c\t.png",
    "combining marks without end": "Z" + "\u0335" * 100 + ".png",
    "two spellings of a letter": "e\u0301-\u00e9.png",
}
HIDDEN = {"two dots"}


def _holes(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def _named(what: str, name: str) -> Hostile:
    def act(inside: Path) -> None:
        os.mkdir(os.path.join(inside, "c"))  # noqa: PTH102, PTH118 - names that are no text
        for place in (os.path.join(inside, name), os.path.join(inside, "c", name)):  # noqa: PTH118
            with open(place, "wb") as file:  # noqa: PTH123
                file.write(picture(7))  # copies, so that fixes and the page name both

    why = "a hidden file is passed over" if what in HIDDEN else "a name is a name, and is shown so that it does nothing"
    return Hostile(kind="name", name=what, door="check", write=among(act), came=(READ,), why=why, posix=True)


FILES = (
    *(
        Hostile(
            kind="link, pipe or folder",
            name=what,
            door="scan",
            write=among(act),
            came=(code,),
            why=WHYS.get(what, ""),
            posix=True,
        )
        for what, (act, code) in PLACES.items()
    ),
    *(
        Hostile(
            kind="link, pipe or folder, answered",
            name=what,
            door="predict",
            write=among(act),
            came=(ANSWERED.get(what, code),),
            why=WHYS.get(what, ""),
            posix=True,
        )
        for what, (act, code) in PLACES.items()
    ),
    *(_named(what, name) for what, name in NAMES.items()),
)
