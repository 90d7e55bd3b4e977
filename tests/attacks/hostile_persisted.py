"""Hostile persisted files: fixes, cache chunks, run folders."""

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import polars as pl

from discern.errors import DiscernError
from tests.attacks.entry_points import ENTRY_POINTS, READ
from tests.attacks.hostile import Hostile, Write, file

HEADER = b"path,action,value,with,score,why\n"
DAMAGED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "only_a_byte_order_mark": (b"\xef\xbb\xbf", "empty"),
    "only_blank_lines": (b"\n\n\n", "empty"),
    "noise": (b"\xff\xfe\xfd" * 99, "not UTF-8"),
    "latin_1": (HEADER + b"r\xe9d/a.png,drop,,,,\n", "line 2: not UTF-8"),
    "utf_16": ((HEADER + b"red/a.png,drop,,,,\n").decode().encode("utf-16"), "not UTF-8"),
    "zeros": (bytes(300), "zero bytes"),
    "no_header": (b"red/a.png,drop,,,,\n", "unknown columns"),
    "a_newer_column": (b"path,action,colour\nred/a.png,drop,x\n", "colour"),
    "two_paths": (b"path,path,action\na,b,drop\n", "2 columns 'path'"),
    "no_action": (b"path\nred/a.png\n", "0 columns 'action'"),
    "an_unknown_action": (HEADER + b"red/a.png,delete,,,,\n", "line 2: Unknown action 'delete'"),
    "an_action_left_empty": (HEADER + b"red/a.png,,,,,\n", "line 2: Unknown action ''"),
    "no_path_in_the_row": (HEADER + b",drop,,,,\n", "line 2: The path is empty"),
    "no_new_label": (HEADER + b"red/a.png,relabel,,,,\n", "label of red/a.png is missing"),
    "a_new_label_of_spaces": (HEADER + b"red/a.png,relabel,   ,,,\n", "label of red/a.png is missing"),
    "no_group": (HEADER + b"red/a.png,group,,,,\n", "group of red/a.png is missing"),
    "a_word_for_the_score": (HEADER + b"red/a.png,drop,,,high,\n", "'high' is not a number"),
    "an_unclosed_quote": (HEADER + b'"red/a.png,drop,,,,\n', "line 2"),
    "more_cells_than_columns": (HEADER + b"red/a.png,drop,,,,why,more\n", "7 cells, but 6 columns"),
    "a_cell_of_200_kB": (HEADER + b"red/a.png,keep,,,," + b"x" * 200_000 + b"\n", "line 2"),
}
UNFIT: dict[str, tuple[bytes, str]] = {
    "a_missing_picture": (b"red/gone.png,drop,,,,\n", "red/gone.png"),
    "an_absolute_path": (b"/red/a.png,drop,,,,\n", "/red/a.png"),
    "a_path_that_leads_out": (b"../red/a.png,drop,,,,\n", r"\.\./red/a.png"),
    "a_windows_path": (b"red\\a.png,drop,,,,\n", "red"),
    "a_null_byte_in_a_path": (b"red/\0a.png,drop,,,,\n", "red/"),
    "a_missing_partner": (b"red/a.png,group,,red/gone.png,,\n", "red/gone.png"),
    "two_new_labels": (b"red/a.png,relabel,x,,,\nred/a.png,relabel,y,,,\n", "both 'x' and 'y'"),
    "two_new_groups": (b"red/a.png,group,x,,,\nred/a.png,group,y,,,\n", "both 'x' and 'y'"),
}
LARGE: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "ten_million_blank_lines": (lambda: HEADER + b"\n" * 10_000_000, (READ,)),
    "a_row_a_hundred_thousand_times": (lambda: HEADER + b"a/1.png,keep,,,,\n" * 100_000, (READ,)),
    "a_million_columns": (lambda: HEADER[:-1] + b",x" * 1_000_000 + b"\n", ("fixes",)),
    "a_header_of_10_MB": (lambda: b"x" * 10_000_000, ("fixes",)),
    "a_label_that_is_a_formula": (lambda: HEADER + b"a/1.png,relabel,=1+1,,,\n", (READ,)),
    "a_label_of_terminal_commands": (lambda: HEADER + b"a/1.png,relabel,\x1b[2J,,,\n", (READ,)),
    "a_score_of_nan": (lambda: HEADER + b"a/1.png,keep,,,nan,\n", (READ, "fixes")),
    "an_infinite_score": (lambda: HEADER + b"a/1.png,keep,,,1e999,\n", (READ, "fixes")),
    "a_picture_grouped_with_itself": (lambda: HEADER + b"a/1.png,group,,a/1.png,,\n", (READ, "fixes")),
    "a_drop_and_a_label": (lambda: HEADER + b"a/1.png,drop,,,,\na/1.png,relabel,z,,,\n", (READ, "fixes")),
    "everything_dropped": (lambda: HEADER + b"".join(b"%c/1.png,drop,,,,\n" % one for one in b"abc"), (READ,)),
}
WHY = "each row is applied once, and its cells are plain text"


@lru_cache
def _filled(entry_point: str) -> Path:
    """Fill a cache, or a run and its cache, in a folder that is removed when the process exits."""
    work = Path(tempfile.mkdtemp(prefix="discern-"))
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    if entry_point == "--cache":
        ENTRY_POINTS[entry_point](work / "kept", work)
    else:
        (work / "runs").mkdir()
        try:
            ENTRY_POINTS[entry_point](work / "kept", work)
        except DiscernError:
            # Three pictures are too few to train on, but everything before that was saved.
            assert entry_point == "train --resume"
    return work / "kept"


def _changed(entry_point: str, act: Callable[[Path], object], pattern: str) -> Write:
    """Copy the folder, and let `act` change every file that matches `pattern`."""

    def write(folder: Path) -> Path:
        copied = folder / "kept"
        shutil.copytree(_filled(entry_point), copied)
        for path in copied.glob("run.json"):
            path.write_text(path.read_text().replace(str(_filled(entry_point).parent), str(folder)))
        found = sorted(copied.rglob(pattern))
        assert found, pattern
        for path in found:
            act(path)
        return copied

    return write


def replaced(make: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(make(path.read_bytes()))


def header_of(**fields: object) -> Callable[[bytes], bytes]:
    """Change fields in the header of a chunk."""

    def change(data: bytes) -> bytes:
        header = json.loads(data[:512]) | fields
        return json.dumps(header).encode()[:511].ljust(511) + b"\n" + data[512:]

    return change


def instead(act: Callable[[Path], object]) -> Callable[[Path], object]:
    """Delete a file, and let `act` create something else under its name."""

    def change(path: Path) -> None:
        path.unlink()
        act(path)

    return change


def _sparse(path: Path) -> None:
    with path.open("wb") as opened:
        opened.truncate(1 << 40)


CHUNKS: dict[str, Callable[[Path], object]] = {
    "emptied": replaced(lambda data: b""),
    "cut in half": replaced(lambda data: data[: len(data) // 2]),
    "cut by a byte": replaced(lambda data: data[:-1]),
    "longer by a byte": replaced(lambda data: data + b"x"),
    "a changed bit in its last row": replaced(lambda data: data[:-1] + bytes([data[-1] ^ 1])),
    "a changed bit in its hashes": replaced(lambda data: data[:520] + bytes([data[520] ^ 1]) + data[521:]),
    "zeros": replaced(lambda data: bytes(len(data))),
    "noise": replaced(lambda data: os.urandom(len(data))),
    "of another shelf": replaced(header_of(shelf="other-0123456789ab")),
    "of more rows": replaced(header_of(rows=4)),
    "of exabytes of rows": replaced(header_of(rows=2**60)),
    "of 10^300 rows": replaced(header_of(rows=10**300)),
    "of no rows": replaced(header_of(rows=0)),
    "of negative rows": replaced(header_of(rows=-3)),
    "of half a row": replaced(header_of(rows=1.5)),
    "of a false digest": replaced(header_of(digest="0" * 64)),
    "of a header that is a list": replaced(lambda data: b"[]".ljust(511) + b"\n" + data[512:]),
    "of a deeply nested header": replaced(lambda data: b"[" * 511 + b"\n" + data[512:]),
    "of an older format": replaced(header_of(format=-1)),
    "of a format that is text": replaced(header_of(format="1")),
    "a pickle": replaced(lambda data: b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R."),
    "a folder": instead(lambda path: path.mkdir()),
    "a link to itself": instead(lambda path: path.symlink_to(path.name)),
    "a link to /dev/zero": instead(lambda path: path.symlink_to("/dev/zero")),
    "a link to nothing": instead(lambda path: path.symlink_to("nowhere")),
    "a pipe": instead(os.mkfifo),
    "a sparse file": instead(_sparse),
}
RUN_JSON: dict[str, Callable[[Path], object]] = {
    "emptied": replaced(lambda data: b""),
    "half": replaced(lambda data: data[: len(data) // 2]),
    "a list": replaced(lambda data: b"[]"),
    "null": replaced(lambda data: b"null"),
    "not UTF-8": replaced(lambda data: b"\xff\xfe"),
    "deeply nested": replaced(lambda data: b"[" * 100_000),
    "a million digits": replaced(lambda data: b'{"format": ' + b"9" * 1_000_000 + b"}"),
    "no fields but the format": replaced(lambda data: b'{"format": 1}'),
    "fields of other types": replaced(
        lambda data: json.dumps({"format": 1, "config": [], "seconds": 1, "status": None, "versions": "x"}).encode()
    ),
    "another source": replaced(lambda data: data.replace(b"/sound", b"/found")),
    "a newer format": replaced(lambda data: data.replace(b'"format": 1', b'"format": 2')),
    "a pipe": instead(os.mkfifo),
    "a folder": instead(lambda path: path.mkdir()),
    "a link to /dev/zero": instead(lambda path: path.symlink_to("/dev/zero")),
}


def tables(act: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], object]:
    def change(path: Path) -> None:
        act(pl.read_parquet(path)).write_parquet(path, metadata=pl.read_parquet_metadata(path))

    return change


def pointing(root: str) -> Callable[[Path], object]:
    def change(path: Path) -> None:
        table = pl.read_parquet(path)
        table.write_parquet(path, metadata={"discern": json.dumps({"format": 1, "root": root})})

    return change


PARQUET: dict[str, Callable[[Path], object]] = {
    "emptied": replaced(lambda data: b""),
    "half": replaced(lambda data: data[: len(data) // 2]),
    "noise": replaced(lambda data: os.urandom(len(data))),
    "only the signature": replaced(lambda data: b"PAR1PAR1"),
    "a footer of gigabytes": replaced(lambda data: data[:-8] + b"\xff\xff\xff\x7fPAR1"),
    "a missing column": tables(lambda table: table.drop(table.columns[-1])),
    "columns of other types": tables(lambda table: table.with_columns(pl.all().cast(pl.String))),
    "no rows": tables(lambda table: table.head(0)),
    "a pipe": instead(os.mkfifo),
    "a link to /dev/zero": instead(lambda path: path.symlink_to("/dev/zero")),
}
CATALOG: dict[str, Callable[[Path], object]] = {
    "paths that lead out": tables(lambda table: table.with_columns(path=pl.lit("../") + pl.col("path"))),
    "absolute paths": tables(lambda table: table.with_columns(path=pl.lit("/etc/passwd"))),
    "another root": pointing("/"),
    "a root of a null byte": pointing("\0"),
    "false content hashes": tables(lambda table: table.with_columns(content=pl.lit("ab" * 32))),
    "invalid content hashes": tables(lambda table: table.with_columns(content=pl.lit("../../x"))),
    "enormous sizes": tables(lambda table: table.with_columns(bytes=pl.lit(2**62))),
    "negative sizes": tables(lambda table: table.with_columns(width=pl.lit(-1, pl.Int32), height=pl.lit(0, pl.Int32))),
}
EDGES: dict[str, Callable[[Path], object]] = {
    "pairs of missing rows": tables(
        lambda table: pl.DataFrame(
            {"first": [7], "second": [99], "kind": ["near"], "score": [1.0]}, schema=table.schema
        )
    ),
    "pairs of negative rows": tables(
        lambda table: pl.DataFrame(
            {"first": [-5], "second": [-9], "kind": ["near"], "score": [0.5]}, schema=table.schema
        )
    ),
}


def _fixes() -> list[Hostile]:
    found = [
        Hostile(
            kind="fixes.csv",
            name=name,
            entry_point="--fixes",
            write=file("fixes.csv", lambda data=data: data),
            outcomes=("fixes",),
        )
        for name, data in {
            **{name: data for name, (data, _) in DAMAGED.items()},
            **{name: HEADER + data for name, (data, _) in UNFIT.items()},
        }.items()
    ]
    return found + [
        Hostile(
            kind="fixes.csv",
            name=name,
            entry_point="--fixes",
            write=file("fixes.csv", make),
            outcomes=outcomes,
            why=WHY if READ in outcomes else "",
        )
        for name, (make, outcomes) in LARGE.items()
    ]


RECOMPUTED = "what fails verification is recomputed"


def _persisted(
    kind: str, name: str, entry_point: str, act: Callable[[Path], object], pattern: str, outcomes: tuple[str, ...]
) -> Hostile:
    why = RECOMPUTED if READ in outcomes else ""
    write = _changed(entry_point, act, pattern)
    return Hostile(kind=kind, name=name, entry_point=entry_point, write=write, outcomes=outcomes, why=why, posix=True)


CHECK, TRAIN = "check --resume", "train --resume"
NAMED = ("run", "catalog", "unreadable_file", "too_large", "not_a_picture", READ)
PERSISTED = (
    *_fixes(),
    *(_persisted("cached chunk", what, "--cache", act, "*.shelf", (READ,)) for what, act in CHUNKS.items()),
    _persisted("cached chunk", "of a newer format", "--cache", replaced(header_of(format=2)), "*.shelf", ("store",)),
    *(_persisted("run.json", what, CHECK, act, "run.json", ("run",)) for what, act in RUN_JSON.items()),
    *(
        _persisted("catalog.parquet", what, CHECK, act, "catalog.parquet", NAMED)
        for what, act in {**PARQUET, **CATALOG}.items()
    ),
    *(
        _persisted("edges.parquet", what, CHECK, act, "edges.parquet", (READ, "run"))
        for what, act in {**PARQUET, **EDGES}.items()
    ),
)
