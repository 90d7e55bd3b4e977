"""Files changed at random: none may crash the program, hold it for ten seconds, or end in an error without a name.

Usage: python benchmarks/fuzz.py [COUNT] [SEED]; a failing file is kept in benchmarks/out/fuzz, and its number gives it
again. `python benchmarks/fuzz.py --guided KIND [OPTIONS]` lets atheris (not among the dependencies; `pip install
atheris`) look for new paths through the same doors, with libFuzzer's options.
"""

import gzip
import io
import json
import multiprocessing
import os
import random
import resource
import shutil
import struct
import sys
import tarfile
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if sys.argv[1:2] == ["--guided"]:
    import atheris

    # Only what is imported here is watched for new paths; all that is loaded would take minutes to prepare.
    with atheris.instrument_imports(include=["discern.picture", "discern.catalog", "discern.bundle"]):
        import discern.bundle
        import discern.catalog  # noqa: F401

from tests.attacks.doors import DOORS, peak_memory  # noqa: E402
from tests.attacks.hostile_bundles import forged  # noqa: E402
from tests.attacks.hostile_lists import SOUND as LISTS  # noqa: E402
from tests.unit.bundle.factories import write_small  # noqa: E402
from tests.unit.catalog.factories import cifar_batch, picture, write_files, write_tar, write_zip  # noqa: E402

from discern.bundle import archive  # noqa: E402
from discern.errors import DiscernError  # noqa: E402

OUT = Path(__file__).parent / "out"
KEPT = OUT / "fuzz"
DATA = Path(os.environ.get("DISCERN_TEST_DATA", ROOT / "../shared/data"))
COUNT, SEED, WORKERS = 10_000, 7, 2
SHIFT, SECONDS, MEMORY = 500, 10, 4 << 30
SHARES = {"picture": 64, "archive": 16, "list": 6, "batch": 5, "bundle": 5, "fixes": 2, "cache": 2}
DOOR = {"picture": "open", "archive": "scan", "list": "scan", "batch": "scan", "bundle": "load"}
DOOR |= {"fixes": "--fixes", "cache": "--cache"}


@dataclass(frozen=True)
class Sample:
    """A sound file; `wrap` makes the whole file of what was changed, and `beside` lies in its folder."""

    name: str
    data: bytes
    wrap: Callable[[bytes], bytes] = bytes
    beside: tuple[tuple[str, bytes], ...] = ()


@lru_cache
def samples(kind: str) -> list[Sample]:
    """The sound files of a kind, always the same."""
    return {
        "picture": _pictures,
        "archive": _archives,
        "list": _lists,
        "batch": _batches,
        "bundle": _bundles,
        "fixes": _fixes,
        "cache": _chunks,
    }[kind]()


FORMS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("JPEG", "RGB", {}),
    ("JPEG", "RGB", {"progressive": True, "exif": b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"}),
    ("JPEG", "CMYK", {"restart_marker_blocks": 2}),
    ("JPEG", "L", {"quality": 30, "comment": b"a comment"}),
    ("PNG", "RGB", {}),
    ("PNG", "P", {"transparency": 3}),
    ("PNG", "I;16", {}),
    ("PNG", "LA", {}),
    ("PNG", "1", {}),
    ("GIF", "P", {"interlace": 1}),
    ("GIF", "P", {"save_all": True, "append_images": [Image.new("P", (24, 20), 9)]}),
    ("BMP", "RGB", {}),
    ("BMP", "1", {}),
    ("BMP", "P", {}),
    ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", "RGB", {"compression": "jpeg"}),
    ("TIFF", "CMYK", {"compression": "packbits"}),
    ("TIFF", "1", {"compression": "group4"}),
    ("TIFF", "F", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("WEBP", "RGB", {"save_all": True, "append_images": [Image.new("RGB", (24, 20), 9)]}),
    ("AVIF", "RGB", {}),
    ("AVIF", "RGBA", {}),
)


def _pictures() -> list[Sample]:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8)
    found = []
    for number, (form, mode, options) in enumerate(FORMS):
        file = io.BytesIO()
        image = Image.fromarray(pixels)
        (image.convert("L").convert("I;16") if mode == "I;16" else image.convert(mode)).save(file, form, **options)
        found.append(Sample(f"{number}.{form.lower()}", file.getvalue(), _summed if form == "PNG" else bytes))
    found.append(Sample("turned.heic", (ROOT / "tests/unit/picture/turned.heic").read_bytes()))
    for place in sorted(DATA.rglob("*.*")) if DATA.is_dir() else ():
        if len(found) < 60 and place.is_file() and place.stat().st_size < 8000:
            data = place.read_bytes()
            if not any(one.data[:20] == data[:20] for one in found[-20:]):
                found.append(Sample(place.name, data, _summed if data.startswith(b"\x89PNG") else bytes))
    return found


def _summed(data: bytes) -> bytes:
    """Right every checksum of a PNG for as long as its chunks go, so that what is in them is looked at."""
    whole, place = bytearray(data), 8
    while place + 12 <= len(whole):
        (length,) = struct.unpack_from(">L", whole, place)
        end = place + 8 + length
        if end + 4 > len(whole):
            break
        struct.pack_into(">L", whole, end, zlib.crc32(whole[place + 4 : end]))
        place = end + 4
    return bytes(whole)


def _archives() -> list[Sample]:
    files = {f"{name}/{number}.png": picture(number) for name in "ab" for number in range(3)}
    files |= {"metadata.csv": b"file_name,label\na/0.png,x\nb/1.png,y\n", "a/notes.txt": b"hello"}
    with tempfile.TemporaryDirectory() as folder:
        zipped = write_zip(Path(folder, "a.zip"), files).read_bytes()
        tarred = write_tar(Path(folder, "a.tar"), files).read_bytes()
        odd = _odd_tar(Path(folder, "odd.tar"))
    return [
        Sample("a.zip", zipped),
        Sample("a.tar", tarred),
        Sample("odd.tar", odd),
        Sample("a.tar.gz", tarred, lambda data: gzip.compress(data, 1)),
        Sample("b.tar.gz", gzip.compress(tarred)),
        Sample("odd.tar.gz", odd, lambda data: gzip.compress(data, 1)),
    ]


def _odd_tar(path: Path) -> bytes:
    """Long names, links and extended headers."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as opened:
        for number, name in enumerate(("x" * 150 + ".png", "größe/1.png", "b/" * 60 + "1.png")):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(picture(number)), {"comment": "c" * 300}
            opened.addfile(info, io.BytesIO(picture(number)))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "../secret.png"
        opened.addfile(link)
    return path.read_bytes()


def _lists() -> list[Sample]:
    beside = tuple((f"{number}.png", picture(number)) for number in range(4))
    return [Sample(name, data, beside=beside) for name, data in LISTS.items()]


def _batches() -> list[Sample]:
    meta = ("batches.meta", cifar_batch(np.zeros((0, 3072), np.uint8), [], more={b"label_names": [b"a", b"b"]}))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3072), np.uint8)
    return [
        Sample("data_batch_1", cifar_batch(pixels, [0, 1]), beside=(meta,)),
        Sample("train", cifar_batch(pixels, [0, 1], key=b"fine_labels"), beside=(meta,)),
        Sample(meta[0], meta[1], beside=(("data_batch_1", cifar_batch(pixels, [0, 1])),)),
    ]


def _bundles() -> list[Sample]:
    """One whole, and one whose members are changed before they are hashed."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_small(Path(folder, "a.discern"))
        members = archive.unpack(path)
        inside = [
            Sample(f"{name}.discern", members[name], lambda data, name=name: forged(name, data)) for name in members
        ]
        return [Sample("a.discern", path.read_bytes()), *inside]


def _fixes() -> list[Sample]:
    rows = b"a/1.png,drop,,,0.5,copy: x\nb/1.png,relabel,c,,,\n./c/1.png,group,,a/1.png,,near: y\n"
    return [Sample("fixes.csv", b"path,action,value,with,score,why\n" + rows)]


def _chunks() -> list[Sample]:
    """Every file of a cache that knows the pictures that are looked at."""
    with tempfile.TemporaryDirectory() as folder:
        DOORS["--cache"](Path(folder, "filled"), Path(folder))
        paths = sorted(path for path in Path(folder, "filled").rglob("*") if path.is_file())
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return [
        Sample(name, data, beside=tuple((other, files[other]) for other in files if other != name))
        for name, data in files.items()
    ]


WORDS = [0, 1, 2, 7, 8, 16, 127, 128, 255, 256, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1]
TOKENS = [
    *(b"\xff\xd8\xff", b"\xff\xda", b"\xff\xc4", b"\xff\xc2", b"\xff\xdd\0\4\0\1", b"\xff\xd9", b"\x89PNG\r\n\x1a\n"),
    *(
        b"IHDR",
        b"IDAT",
        b"PLTE",
        b"tRNS",
        b"iCCP",
        b"eXIf",
        b"acTL",
        b"IEND",
        b"GIF89a",
        b"!\xf9\4",
        b"!\xff\x0b",
        b",",
    ),
    *(b"RIFF", b"WEBP", b"VP8 ", b"VP8L", b"VP8X", b"ANMF", b"ALPH", b"II*\0", b"MM\0*", b"BM", b"ftyp", b"avif"),
    *(
        b"heic",
        b"ispe",
        b"iloc",
        b"infe",
        b"iref",
        b"irot",
        b"grid",
        b"mdat",
        b"PK\1\2",
        b"PK\3\4",
        b"PK\5\6",
        b"PK\6\6",
    ),
    *(b"../", b"/etc/", b"\0", b"\n", b'"', b",", b"{", b"[", b"NaN", b"1e999", b"null", b"\xed\xa0\x80", b"\\u0000"),
    *(b"ustar\x0000", b"x", b"30 path=", b"GNU.sparse.map", b"\x80\2", b"cos\nsystem\n", b"R.", b"\x93NUMPY", b"=1+1"),
]


def mutated(number: int, seed: int) -> tuple[str, Sample, bytes]:
    """The file of a number: its kind, the sample it comes from, and its bytes."""
    chance = random.Random(f"{seed}-{number}")
    kind = chance.choices(list(SHARES), list(SHARES.values()))[0]
    sample = chance.choice(samples(kind))
    data = bytearray(sample.data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6, 20))):
        change(data, chance, kind)
    return kind, sample, sample.wrap(bytes(data)) if chance.random() < 0.9 else bytes(data)


def change(data: bytearray, chance: random.Random, kind: str) -> None:
    """Change some bytes, most often near the beginning, where headers are."""
    end = max(1, min(len(data), chance.choice((64, 512, len(data), len(data)))))
    at, length = chance.randrange(end), chance.choice((1, 2, 4, 8, 33, 200, 2000))
    there = chance.randrange(max(1, len(data)))
    match chance.randrange(9):
        case 0:
            data[at : at + 1] = bytes([(data[at] if at < len(data) else 0) ^ 1 << chance.randrange(8)])
        case 1:
            data[at : at + 1] = bytes([chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))])
        case 2:
            layout = chance.choice(("<H", ">H", "<L", ">L", "<Q", ">Q"))
            word = struct.pack(layout, chance.choice(WORDS) & (1 << 8 * struct.calcsize(layout)) - 1)
            data[at : at + len(word)] = word
        case 3:
            del data[at : at + length]
        case 4:
            data[at:at] = data[there : there + length] * chance.choice((1, 1, 2, 50))
        case 5:
            data[at : at + length] = data[there : there + length]
        case 6:
            data[at : at + chance.choice((0, 4))] = chance.choice(TOKENS)
        case 7:
            other = chance.choice(samples(chance.choice((kind, "picture")))).data
            start = chance.randrange(max(1, len(other)))
            data[at:] = other[start:] if chance.random() < 0.5 else other[start : start + length] + data[at:]
        case 8:
            del data[chance.randrange(max(1, len(data))) :]


def enter(kind: str, sample: Sample, data: bytes, work: Path) -> str:
    """Bring a file in through its door; gives the codes that came."""
    given = work / "in"
    sound = {"a/sound.png": picture(99)} if kind in ("archive", "batch") else {}
    write_files(given, {**sound, **dict(sample.beside), sample.name: data})
    path = given if sound else given / "filled" if kind == "cache" else given / sample.name
    try:
        return DOORS[DOOR[kind]](path, work).code
    except DiscernError as error:
        return error.code


def work_off(seed: int, numbers: range, beat: Any, said: Any) -> None:
    """Open the files of some numbers; each is announced, and what came of it is said."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    for number in numbers:
        kind, sample, data = mutated(number, seed)
        work = Path(tempfile.mkdtemp(prefix="fuzz-"))
        beat[0], beat[1] = number, time.monotonic()
        try:
            came = enter(kind, sample, data, work)
        except Exception:  # noqa: BLE001 - whatever is outside the family is what is looked for
            came = "FAILED"
            keep(number, sample.name, data, traceback.format_exc())
        finally:
            beat[1] = 0
            shutil.rmtree(work, ignore_errors=True)
        said.put((f"{kind}: {came}", peak_memory()))


def keep(number: int, name: str, data: bytes, why: str) -> None:
    """Keep a file that failed, and why."""
    place = KEPT / f"{number}-{name.replace('/', '-')}"
    KEPT.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    Path(f"{place}.txt").write_text(why)


class Worker:
    """A process that works numbers off, and is watched."""

    def __init__(self, context: Any, seed: int, numbers: range, said: Any) -> None:
        self.numbers, self.seed = numbers, seed
        self.beat = context.Array("d", [numbers.start, 0])
        self.process = context.Process(target=work_off, args=(seed, numbers, self.beat, said))
        self.process.start()

    def ended(self) -> str | None:
        """Why it ended: "", "HANG" or "CRASH"; None while it works. One that stands still is ended."""
        begun = self.beat[1]
        hangs = begun > 0 and time.monotonic() - begun > SECONDS
        if hangs:
            self.process.kill()
            self.process.join()
        if self.process.exitcode is None:
            return None
        return "HANG" if hangs else f"CRASH {self.process.exitcode}" if self.process.exitcode else ""

    def rest(self, why: str) -> tuple[str, range]:
        """Keep what it ended at; gives its kind, and what is left to do."""
        at = int(self.beat[0])
        kind, sample, data = mutated(at, self.seed)
        keep(at, sample.name, data, why)
        return f"{kind}: {why}", range(at + 1, self.numbers.stop)


def fuzz(seed: int, count: int) -> dict[str, Any]:
    """Let several processes work the files off; where one dies or stands still, another goes on behind that file."""
    context = multiprocessing.get_context("spawn")
    said = context.SimpleQueue()
    waiting = [range(start, min(start + SHIFT, count)) for start in range(0, count, SHIFT)]
    running: list[Worker] = []
    found: Counter[str] = Counter()
    peak = 0
    while waiting or running or not said.empty():
        while waiting and len(running) < WORKERS:
            running.append(Worker(context, seed, waiting.pop(0), said))
        time.sleep(0.05)
        while not said.empty():
            came, memory = said.get()
            found[came] += 1
            peak = max(peak, memory)
        for worker in [worker for worker in running if worker.ended() is not None]:
            running.remove(worker)
            if why := worker.ended():
                came, rest = worker.rest(why)
                found[came] += 1
                waiting.append(rest)
    failed = {came: times for came, times in found.items() if came.split(": ")[1].isupper() or "CRASH" in came}
    return {
        "seed": seed,
        "files": found.total(),
        "by_kind": dict(
            Counter({kind: sum(n for came, n in found.items() if came.startswith(kind)) for kind in SHARES})
        ),
        "failed": failed,
        "peak_mebis": peak >> 20,
        "outcomes": dict(sorted(found.items())),
    }


def guided(kind: str, options: list[str]) -> None:
    """Let atheris change the samples of a kind; a failure ends it, as libFuzzer does."""
    corpus = OUT / "fuzz-corpus" / kind
    corpus.mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(samples(kind)):
        (corpus / str(number)).write_bytes(sample.data)

    def test(data: bytes) -> None:
        sample = samples(kind)[len(data) % len(samples(kind))]
        with tempfile.TemporaryDirectory(prefix="fuzz-") as work:
            enter(kind, sample, sample.wrap(data), Path(work))

    atheris.Setup([sys.argv[0], str(corpus), f"-timeout={SECONDS}", "-rss_limit_mb=3000", *options], test)
    atheris.Fuzz()


def main() -> None:
    words = sys.argv[1:]
    if words[:1] == ["--guided"]:
        guided(words[1], words[2:])
        return
    count, seed = int(words[0]) if words else COUNT, int(words[1]) if words[1:] else SEED
    start = time.perf_counter()
    result = fuzz(seed, count) | {"seconds": round(time.perf_counter() - start)}
    OUT.mkdir(exist_ok=True)
    (OUT / "fuzz.json").write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
