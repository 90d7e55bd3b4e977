"""Hostile archives: paths that escape the folder, decompression bombs, special files and false headers."""

import bz2
import gzip
import io
import lzma
import random
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.attacks.entry_points import READ, SECRET
from tests.attacks.hostile import Hostile, Write
from tests.unit.catalog.factories import picture

MEBI = 2**20
OUTSIDE = {
    "up": "../secret.png",
    "up from inside": "a/../../secret.png",
    "absolute": "/etc/secret.png",
    "a drive": "C:\\secret.png",
    "up, by backslashes": "..\\secret.png",
    "a share": "\\\\server\\share\\secret.png",
    "up at the end": "a/..",
}
REFUSED, DAMAGED, LARGE, NONE = "unreadable_file", "damaged", "too_large", "not_a_picture"
Add = Callable[[zipfile.ZipFile], object]


def zipped(add: Add, *, with_picture: bool = True) -> bytes:
    """Write a zip of one valid picture and what `add` adds."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        if with_picture:
            opened.writestr("a/1.png", picture(1))
        add(opened)
    return file.getvalue()


def entry(name: str, data: bytes, *, mode: int = 0, deflate: bool = False) -> Add:
    def add(opened: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
        opened.writestr(info, data)

    return add


def tarred(*infos: tuple[tarfile.TarInfo, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    """Write a tar of one valid picture and some members."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as opened:
        for info, data in ((member("a/1.png", len(picture(1))), picture(1)), *infos):
            opened.addfile(info, io.BytesIO(data))
    return file.getvalue()


def member(name: str, size: int = 0, *, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info


def header(name: str, size: int, kind: bytes) -> bytes:
    """Build a tar header that may declare a false size."""
    info = member(name, 0, kind=kind)
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\x80" + size.to_bytes(11, "big") if size > 0o7777777 else b"%011o\0" % size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def negative() -> bytes:
    block = bytearray(header("b.png", 0, tarfile.REGTYPE))
    block[124:136] = b"\xff" * 11 + b"\x00"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return tarred()[: -tarfile.RECORDSIZE + 1024] + bytes(block) + bytes(2048)


def extended(records: bytes, *, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """Build a tar with an extended header of these records."""
    padded = records + bytes(-len(records) % 512)
    return tar_start() + header("x", len(records), kind) + padded + header("b.png", 0, tarfile.REGTYPE) + bytes(1024)


def tar_start() -> bytes:
    """Build the start of a tar: one valid picture, and no end-of-archive blocks."""
    data = picture(1)
    return header("a/1.png", len(data), tarfile.REGTYPE) + data + bytes(-len(data) % 512)


def nested_headers(count: int) -> bytes:
    record = b"11 a=bcdef\n"
    one = header("x", len(record), tarfile.XGLTYPE) + record + bytes(512 - len(record))
    return tar_start() + one * count + header("b.png", 0, tarfile.REGTYPE) + bytes(1024)


def sparse(real: int) -> bytes:
    info = member("b.png", 0)
    info.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"%011o\0%011o\0" % (0, 0)
    block[483:495] = b"\x80" + real.to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return tar_start() + bytes(block) + bytes(1024)


def overlapping(entries: int, size: int) -> bytes:
    """Build a zip whose directory entries share one deflated member (Fifield, "A better zip bomb", 2019)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(size)) + packer.flush()
    crc = zlib.crc32(bytes(size))
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 33, crc, len(packed), size, 5, 0) + b"0.png" + packed
    directory = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 33, crc, len(packed), size, 5, 0, 0, 0, 0, 0, 0)
        + b"%05d" % number
        for number in range(entries)
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, entries, entries, len(directory), len(local), 0)
    return local + directory + end


def flat_bomb(members: int, size: int) -> bytes:
    """Build a zip of many members that are each within the limits."""
    return zipped(lambda opened: [entry(f"{n}.png", bytes(size), deflate=True)(opened) for n in range(members)])


def patched(data: bytes, sign: bytes, offset: int, new: bytes) -> bytes:
    offset = data.rindex(sign) + offset
    return data[:offset] + new + data[offset + len(new) :]


def nested_zips(depth: int) -> bytes:
    data = picture(3)
    for level in range(depth):
        name = f"{level}.zip" if level else "b.png"
        data = zipped(entry(name, data))
    return data


def encrypted() -> bytes:
    data = zipped(entry("b.png", picture(2)))
    return patched(patched(data, b"PK\1\2", 8, b"\1\0"), b"PK\3\4", 6, b"\1\0")


def long_zeros(pack: Callable[[bytes], bytes], mebis: int) -> bytes:
    """Build a compressed tar whose second member holds `mebis` MiB of zeros."""
    start = pack(tar_start() + header("b.png", mebis * MEBI, tarfile.REGTYPE))
    return start + pack(bytes(MEBI)) * mebis


def _large_dictionary() -> bytes:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2**20}]
    data = lzma.compress(tarred(), filters=filters, check=lzma.CHECK_NONE)
    # The block header holds filter 0x21, one byte of properties, the size of the dictionary, and its own checksum.
    offset = data.index(b"\x21\x01", 12)
    block = data[12 : 12 + 4 * (data[12] + 1) - 4]
    block = block[: offset - 12 + 2] + bytes([39]) + block[offset - 12 + 3 :]
    return data[:12] + block + struct.pack("<L", zlib.crc32(block)) + data[12 + len(block) + 4 :]


NAMES = {
    **{
        f"zip, {what}": ("a.zip", lambda name=name: zipped(entry(name, SECRET)), REFUSED)
        for what, name in OUTSIDE.items()
    },
    **{
        f"tar, {what}": (
            "a.tar",
            lambda name=name: tarred((member(name, len(SECRET)), SECRET)),
            READ if what == "up, by backslashes" else REFUSED,
        )
        for what, name in OUTSIDE.items()
    },
}
SPECIAL_FILES = {
    **{
        f"zip, {what}": (
            "a.zip",
            lambda mode=mode: zipped(entry("b.png", b"../secret.png", mode=mode | 0o777)),
            REFUSED,
        )
        for what, mode in {
            "a link out": stat.S_IFLNK,
            "a pipe": stat.S_IFIFO,
            "a device": stat.S_IFCHR,
            "a socket": stat.S_IFSOCK,
        }.items()
    },
    **{
        f"tar, {what}": ("a.tar", lambda kind=kind, to=to: tarred((member("b.png", kind=kind, link=to), b"")), REFUSED)
        for what, kind, to in (
            ("a link out", tarfile.SYMTYPE, "../secret.png"),
            ("a link to itself", tarfile.SYMTYPE, "b.png"),
            ("a hard link out", tarfile.LNKTYPE, "../secret.png"),
            ("a hard link to a member", tarfile.LNKTYPE, "a/1.png"),
            ("a hard link to itself", tarfile.LNKTYPE, "b.png"),
            ("a device", tarfile.CHRTYPE, ""),
            ("a disk", tarfile.BLKTYPE, ""),
            ("a pipe", tarfile.FIFOTYPE, ""),
        )
    },
}
BOMBS = {
    "zip of overlapping members": ("a.zip", lambda: overlapping(2000, 60 * MEBI), "catalog"),
    "zip of a member larger than declared": (
        "a.zip",
        lambda: patched(zipped(entry("b.png", bytes(MEBI), deflate=True)), b"PK\1\2", 24, struct.pack("<L", 9)),
        DAMAGED,
    ),
    "zip of a member that declares gigabytes": (
        "a.zip",
        lambda: patched(zipped(entry("b.png", bytes(9))), b"PK\1\2", 24, struct.pack("<L", 2**32 - 2)),
        LARGE,
    ),
    "zip of a member past the limit": ("a.zip", lambda: zipped(entry("b.png", bytes(65 * MEBI), deflate=True)), LARGE),
    "zip of nested zips": ("a.zip", lambda: zipped(entry("b.zip", nested_zips(30))), NONE),
    "zip under a picture's name": ("a.zip", lambda: zipped(entry("b.png", nested_zips(1))), NONE),
    "zip of 65 members at the limit": ("a.zip", lambda: flat_bomb(65, 60 * MEBI), f"{DAMAGED} {NONE}"),
    "tar.gz of a gigabyte of zeros": (
        "a.tar.gz",
        lambda: long_zeros(lambda data: gzip.compress(data, 6), 1100),
        f"{DAMAGED} {LARGE}",
    ),
    "tar.bz2 of 100 gigabytes of zeros": ("a.tar", lambda: long_zeros(bz2.compress, 100_000), f"{DAMAGED} {LARGE}"),
    "tar.xz of 100 gigabytes of zeros": ("a.tar", lambda: long_zeros(lzma.compress, 100_000), f"{DAMAGED} {LARGE}"),
    "tar of a name that declares exabytes": (
        "a.tar",
        lambda: tar_start() + header("x", 1 << 60, tarfile.GNUTYPE_LONGNAME) + bytes(2048),
        DAMAGED,
    ),
    "tar of a name of 60 MiB": (
        "a.tar",
        lambda: tar_start() + header("x", 60 * MEBI, tarfile.GNUTYPE_LONGNAME) + b"n" * 60 * MEBI + bytes(1024),
        DAMAGED,
    ),
    "tar of an extended header of 60 MiB of digits": ("a.tar", lambda: extended(b"1" * 60 * MEBI), DAMAGED),
    "tar of an extended header of 60,000 digits": ("a.tar", lambda: extended(b"1" * 60_000), DAMAGED),
    "tar of a record of 60,000 digits": ("a.tar", lambda: extended(b"60011 path=" + b"1" * 59_999 + b"\n"), DAMAGED),
    "tar of overlapping records in an extended header": ("a.tar", lambda: extended(b"3 a" * 20_000 + b"=\n"), DAMAGED),
    "tar of overlapping records in a global header": (
        "a.tar",
        lambda: extended(b"3 a" * 20_000 + b"=\n", kind=tarfile.XGLTYPE),
        DAMAGED,
    ),
    "tar of a record of no length": ("a.tar", lambda: extended(b"0 path=b\n"), DAMAGED),
    "tar of a record of a negative length": ("a.tar", lambda: extended(b"-9 path=b\n"), DAMAGED),
    "tar of ten thousand headers before a member": ("a.tar", lambda: nested_headers(10_000), DAMAGED),
    "tar of a negative size": ("a.tar", negative, DAMAGED),
    "sparse tar of a terabyte": ("a.tar", lambda: sparse(1 << 40), LARGE),
    "sparse tar within the limit": ("a.tar", lambda: sparse(60 * MEBI), NONE),
    "sparse tar of format 1.0 without a map": (
        "a.tar",
        lambda: extended(b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"),
        None,
    ),
    "tar of a size in words": ("a.tar", lambda: extended(b"14 size=a lot\n"), "empty"),
    "tar in a tar": ("a.tar", lambda: tarred((member("b.tar", 10_240), tarred())), NONE),
}
FALSE_HEADERS = {
    "encrypted zip": ("a.zip", encrypted, DAMAGED),
    "zip of an unknown compression method": (
        "a.zip",
        lambda: patched(zipped(entry("b.png", b"x")), b"PK\1\2", 10, b"\x63\0"),
        DAMAGED,
    ),
    "zip with a false checksum": (
        "a.zip",
        lambda: patched(zipped(entry("b.png", b"x")), b"PK\1\2", 16, b"\0\0\0\0"),
        DAMAGED,
    ),
    "zip of a member beyond the end": (
        "a.zip",
        lambda: patched(zipped(entry("b.png", b"x")), b"PK\1\2", 42, b"\xff\xff\xff\x7f"),
        DAMAGED,
    ),
    "zip whose directory is beyond the end": (
        "a.zip",
        lambda: patched(zipped(lambda _: None), b"PK\5\6", 16, b"\xff\xff\xff\x7f"),
        "catalog",
    ),
    "zip64 of false sizes": (
        "a.zip",
        lambda: patched(zipped(entry("b.png", b"x")), b"PK\1\2", 20, b"\xff" * 8),
        None,
    ),
    "zip64 whose end record has a false offset": (
        "a.zip",
        lambda: (
            zipped(lambda _: None)[:-22] + struct.pack("<4sLQL", b"PK\6\7", 0, 2**63, 1) + zipped(lambda _: None)[-22:]
        ),
        None,
    ),
    "zip with a name twice": (
        "a.zip",
        lambda: _without_warning(lambda: zipped(lambda opened: [opened.writestr("b.png", picture(n)) for n in (2, 3)])),
        READ,
    ),
    "zip with a name of 60,000 letters": ("a.zip", lambda: zipped(entry("n" * 60_000 + ".png", picture(2))), READ),
    "zip with a null byte in a name": (
        "a.zip",
        lambda: zipped(entry("bXc.png", picture(2))).replace(b"bXc", b"b\0c"),
        None,
    ),
    "zip with a name of an unknown encoding": (
        "a.zip",
        lambda: patched(zipped(entry("größe.png", picture(2))), b"PK\1\2", 46 + 2, b"\xff\xff"),
        None,
    ),
    "zip of one byte": ("a.zip", lambda: b"P", "catalog"),
    "zip of an end record alone": ("a.zip", lambda: b"PK\5\6" + bytes(18), "catalog"),
    "zip with another zip as its comment": ("a.zip", lambda: _with_comment(zipped(lambda _: None)), None),
    "zip behind a program": ("a.zip", lambda: b"#!/bin/sh\nrm -rf /\n" + zipped(lambda _: None), READ),
    "tar truncated in a member": ("a.tar", lambda: tarred((member("b.png", 5000), bytes(5000)))[:3000], DAMAGED),
    "tar of noise": ("a.tar", lambda: random.Random(1).randbytes(20_000), "catalog"),
    "tar of zeros": ("a.tar", lambda: bytes(1_000_000), "catalog"),
    "tar with a false checksum": (
        "a.tar",
        lambda: tarred((member("b.png", 3), b"abc")).replace(b"b.png", b"c.png"),
        DAMAGED,
    ),
    "tar with a name twice": (
        "a.tar",
        lambda: tarred(*((member("b.png", len(picture(n))), picture(n)) for n in (2, 3))),
        READ,
    ),
    "gzip of no data": ("a.tar.gz", lambda: gzip.compress(b""), "catalog"),
    "truncated gzip": (
        "a.tar.gz",
        lambda: gzip.compress(tarred((member("b.png", 99_999), random.Random(1).randbytes(99_999))))[:50_000],
        DAMAGED,
    ),
    "gzip with a false checksum": ("a.tar.gz", lambda: gzip.compress(tarred())[:-8] + bytes(8), (READ, DAMAGED)),
    "gzip of nested gzips": ("a.tar.gz", lambda: gzip.compress(gzip.compress(gzip.compress(tarred()))), "catalog"),
    "tar.xz of a dictionary of gigabytes": ("a.tar", _large_dictionary, None),
}
WHY = "the later file replaces the earlier one, as when unpacking"
WHYS = {
    "tar, up, by backslashes": "backslashes do not separate folders in a tar: it is a hidden file, which is skipped",
    "zip with a name of 60,000 letters": "nothing is unpacked, so names have no maximum length",
    "zip behind a program": "self-extracting archives are valid zips; nothing is executed",
    "gzip with a false checksum": "the tar ends before the checksum, and pictures have checksums of their own",
}


def _without_warning(make: Callable[[], bytes]) -> bytes:
    import warnings  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def _with_comment(data: bytes) -> bytes:
    other = zipped(entry("../secret.png", SECRET), with_picture=False)
    return data[:-2] + struct.pack("<H", len(other)) + other


def _write(name: str, make: Callable[[], bytes]) -> Write:
    def write(folder: Path) -> Path:
        (folder / "secret.png").write_bytes(SECRET)
        (folder / "in").mkdir()
        (folder / "in" / name).write_bytes(make())
        return folder / "in" / name

    return write


def _archive(
    kind: str, what: str, name: str, make: Callable[[], bytes], outcomes: str | tuple[str, ...] | None
) -> Hostile:
    codes = (outcomes,) if isinstance(outcomes, str) else outcomes or (READ, DAMAGED, LARGE, NONE, REFUSED, "catalog")
    usual = WHY if "twice" in what else "the content is read whatever the headers declare"
    why = WHYS.get(what, usual) if READ in codes else ""
    heavy = "gigabytes of zeros" in what or "gigabyte of" in what or "65 members" in what
    return Hostile(
        kind=kind, name=what, entry_point="scan", write=_write(name, make), outcomes=codes, why=why, heavy=heavy
    )


ARCHIVES = tuple(
    _archive(kind, what, *each)
    for kind, found in {
        "archive of paths outside": NAMES,
        "archive of special files": SPECIAL_FILES,
        "archive of a decompression bomb": BOMBS,
        "archive of false or damaged headers": FALSE_HEADERS,
    }.items()
    for what, each in found.items()
)
