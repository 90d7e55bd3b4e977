"""Fuzzing of files: no mutated file may crash the program, block it for ten seconds, or raise an undocumented error.

Usage: python benchmarks/fuzz.py [COUNT] [SEED]; failing files are saved in benchmarks/out/fuzz, and their number
reproduces them. `python benchmarks/fuzz.py --guided KIND [OPTIONS]` runs atheris (not a dependency; `pip install
atheris`) on the same entry points, with libFuzzer's options.
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

    # Only the modules imported here are instrumented for coverage; instrumenting all would take minutes.
    with atheris.instrument_imports(include=["discern.picture", "discern.catalog", "discern.bundle"]):
        import discern.bundle
        import discern.catalog  # noqa: F401

from tests.attacks.entry_points import ENTRY_POINTS, peak_memory  # noqa: E402
from tests.attacks.hostile_bundles import forge  # noqa: E402
from tests.attacks.hostile_lists import VALID as LISTS  # noqa: E402
from tests.unit.bundle.factories import write_small  # noqa: E402
from tests.unit.catalog.factories import cifar_batch, picture, write_files, write_tar, write_zip  # noqa: E402

from discern.bundle import archive  # noqa: E402
from discern.errors import DiscernError  # noqa: E402

OUT = Path(__file__).parent / "out"
FAILURES = OUT / "fuzz"
DATA = Path(os.environ.get("DISCERN_TEST_DATA", ROOT / "../shared/data"))
COUNT, SEED, WORKERS = 10_000, 7, 2
BATCH, SECONDS, MEMORY = 500, 10, 4 << 30
SHARES = {"picture": 64, "archive": 16, "list": 6, "batch": 5, "bundle": 5, "fixes": 2, "cache": 2}
ENTRY_POINT = {"picture": "open", "archive": "scan", "list": "scan", "batch": "scan", "bundle": "load"}
ENTRY_POINT |= {"fixes": "--fixes", "cache": "--cache"}


@dataclass(frozen=True)
class Sample:
    """A valid file to mutate.

    Attributes:
        name: file name.
        data: the bytes that are mutated.
        wrap: builds the file from the mutated bytes.
        siblings: names and contents of other files in its folder.
    """

    name: str
    data: bytes
    wrap: Callable[[bytes], bytes] = bytes
    siblings: tuple[tuple[str, bytes], ...] = ()


@lru_cache
def samples(kind: str) -> list[Sample]:
    """Return the valid sample files for a `--guided` kind; deterministic."""
    return {
        "picture": _pictures,
        "archive": _archives,
        "list": _lists,
        "batch": _batches,
        "bundle": _bundles,
        "fixes": _fixes,
        "cache": _chunks,
    }[kind]()


ENCODINGS: tuple[tuple[str, str, dict[str, Any]], ...] = (
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
    for number, (file_format, mode, options) in enumerate(ENCODINGS):
        file = io.BytesIO()
        image = Image.fromarray(pixels)
        (image.convert("L").convert("I;16") if mode == "I;16" else image.convert(mode)).save(
            file, file_format, **options
        )
        found.append(
            Sample(
                f"{number}.{file_format.lower()}", file.getvalue(), _fix_checksums if file_format == "PNG" else bytes
            )
        )
    found.append(Sample("turned.heic", (ROOT / "tests/unit/picture/turned.heic").read_bytes()))
    for path in sorted(DATA.rglob("*.*")) if DATA.is_dir() else ():
        if len(found) < 60 and path.is_file() and path.stat().st_size < 8000:
            data = path.read_bytes()
            if not any(sample.data[:20] == data[:20] for sample in found[-20:]):
                found.append(Sample(path.name, data, _fix_checksums if data.startswith(b"\x89PNG") else bytes))
    return found


def _fix_checksums(data: bytes) -> bytes:
    """Correct the checksums of a PNG's chunks, so that decoders read their contents."""
    png, start = bytearray(data), 8
    while start + 12 <= len(png):
        (length,) = struct.unpack_from(">L", png, start)
        end = start + 8 + length
        if end + 4 > len(png):
            break
        struct.pack_into(">L", png, end, zlib.crc32(png[start + 4 : end]))
        start = end + 4
    return bytes(png)


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
    """Return a tar with long names, links and extended headers."""
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
    siblings = tuple((f"{number}.png", picture(number)) for number in range(4))
    return [Sample(name, data, siblings=siblings) for name, data in LISTS.items()]


def _batches() -> list[Sample]:
    meta = ("batches.meta", cifar_batch(np.zeros((0, 3072), np.uint8), [], more={b"label_names": [b"a", b"b"]}))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3072), np.uint8)
    return [
        Sample("data_batch_1", cifar_batch(pixels, [0, 1]), siblings=(meta,)),
        Sample("train", cifar_batch(pixels, [0, 1], key=b"fine_labels"), siblings=(meta,)),
        Sample(meta[0], meta[1], siblings=(("data_batch_1", cifar_batch(pixels, [0, 1])),)),
    ]


def _bundles() -> list[Sample]:
    """Return a bundle to mutate as a whole, and each member to mutate before it is hashed."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_small(Path(folder, "a.discern"))
        members = archive.unpack(path)
        inside = [
            Sample(f"{name}.discern", members[name], lambda data, name=name: forge(name, data)) for name in members
        ]
        return [Sample("a.discern", path.read_bytes()), *inside]


def _fixes() -> list[Sample]:
    rows = b"a/1.png,drop,,,0.5,copy: x\nb/1.png,relabel,c,,,\n./c/1.png,group,,a/1.png,,near: y\n"
    return [Sample("fixes.csv", b"path,action,value,with,score,why\n" + rows)]


def _chunks() -> list[Sample]:
    """Return every file of a filled cache of the pictures that are scanned."""
    with tempfile.TemporaryDirectory() as folder:
        ENTRY_POINTS["--cache"](Path(folder, "filled"), Path(folder))
        paths = sorted(path for path in Path(folder, "filled").rglob("*") if path.is_file())
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return [
        Sample(name, data, siblings=tuple((other, files[other]) for other in files if other != name))
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
    """Return the kind, the sample and the mutated bytes of a file, given its number and the seed."""
    generator = random.Random(f"{seed}-{number}")
    kind = generator.choices(list(SHARES), list(SHARES.values()))[0]
    sample = generator.choice(samples(kind))
    data = bytearray(sample.data)
    for _ in range(generator.choice((1, 1, 1, 2, 3, 6, 20))):
        mutate(data, generator, kind)
    return kind, sample, sample.wrap(bytes(data)) if generator.random() < 0.9 else bytes(data)


def mutate(data: bytearray, generator: random.Random, kind: str) -> None:
    """Mutate some bytes, mostly near the beginning, where headers are."""
    end = max(1, min(len(data), generator.choice((64, 512, len(data), len(data)))))
    at, length = generator.randrange(end), generator.choice((1, 2, 4, 8, 33, 200, 2000))
    there = generator.randrange(max(1, len(data)))
    match generator.randrange(9):
        case 0:
            data[at : at + 1] = bytes([(data[at] if at < len(data) else 0) ^ 1 << generator.randrange(8)])
        case 1:
            data[at : at + 1] = bytes([generator.choice((0, 1, 0x7F, 0x80, 0xFF, generator.randrange(256)))])
        case 2:
            layout = generator.choice(("<H", ">H", "<L", ">L", "<Q", ">Q"))
            word = struct.pack(layout, generator.choice(WORDS) & (1 << 8 * struct.calcsize(layout)) - 1)
            data[at : at + len(word)] = word
        case 3:
            del data[at : at + length]
        case 4:
            data[at:at] = data[there : there + length] * generator.choice((1, 1, 2, 50))
        case 5:
            data[at : at + length] = data[there : there + length]
        case 6:
            data[at : at + generator.choice((0, 4))] = generator.choice(TOKENS)
        case 7:
            other = generator.choice(samples(generator.choice((kind, "picture")))).data
            start = generator.randrange(max(1, len(other)))
            data[at:] = other[start:] if generator.random() < 0.5 else other[start : start + length] + data[at:]
        case 8:
            del data[generator.randrange(max(1, len(data))) :]


def run_entry_point(kind: str, sample: Sample, data: bytes, work: Path) -> str:
    """Pass a file to its entry point; return the error codes or "read"."""
    folder = work / "in"
    valid = {"a/sound.png": picture(99)} if kind in ("archive", "batch") else {}
    write_files(folder, {**valid, **dict(sample.siblings), sample.name: data})
    path = folder if valid else folder / "filled" if kind == "cache" else folder / sample.name
    try:
        return ENTRY_POINTS[ENTRY_POINT[kind]](path, work).code
    except DiscernError as error:
        return error.code


def run_batch(seed: int, numbers: range, heartbeat: Any, results: Any) -> None:
    """Process the files of some numbers: set the heartbeat before each, and put each outcome into `results`."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    for number in numbers:
        kind, sample, data = mutated(number, seed)
        work = Path(tempfile.mkdtemp(prefix="fuzz-"))
        heartbeat[0], heartbeat[1] = number, time.monotonic()
        try:
            outcome = run_entry_point(kind, sample, data, work)
        except Exception:  # noqa: BLE001 - any other exception is a failure to report
            outcome = "FAILED"
            save_failure(number, sample.name, data, traceback.format_exc())
        finally:
            heartbeat[1] = 0
            shutil.rmtree(work, ignore_errors=True)
        results.put((f"{kind}: {outcome}", peak_memory()))


def save_failure(number: int, name: str, data: bytes, why: str) -> None:
    """Save a failing file and the reason."""
    path = FAILURES / f"{number}-{name.replace('/', '-')}"
    FAILURES.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    Path(f"{path}.txt").write_text(why)


class Worker:
    """A worker process with a heartbeat."""

    def __init__(self, context: Any, seed: int, numbers: range, results: Any) -> None:
        self.numbers, self.seed = numbers, seed
        self.heartbeat = context.Array("d", [numbers.start, 0])
        self.process = context.Process(target=run_batch, args=(seed, numbers, self.heartbeat, results))
        self.process.start()

    def ended(self) -> str | None:
        """Return "", "HANG" or "CRASH" once the process has ended, else None; kill it if it hangs."""
        started = self.heartbeat[1]
        hangs = started > 0 and time.monotonic() - started > SECONDS
        if hangs:
            self.process.kill()
            self.process.join()
        if self.process.exitcode is None:
            return None
        return "HANG" if hangs else f"CRASH {self.process.exitcode}" if self.process.exitcode else ""

    def rest(self, why: str) -> tuple[str, range]:
        """Save the file at which it ended; return the outcome and the remaining numbers."""
        at = int(self.heartbeat[0])
        kind, sample, data = mutated(at, self.seed)
        save_failure(at, sample.name, data, why)
        return f"{kind}: {why}", range(at + 1, self.numbers.stop)


def fuzz(seed: int, count: int) -> dict[str, Any]:
    """Process the files in worker processes; replace a worker that dies or hangs, and continue after its file."""
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    waiting = [range(start, min(start + BATCH, count)) for start in range(0, count, BATCH)]
    running: list[Worker] = []
    counts: Counter[str] = Counter()
    peak = 0
    while waiting or running or not results.empty():
        while waiting and len(running) < WORKERS:
            running.append(Worker(context, seed, waiting.pop(0), results))
        time.sleep(0.05)
        while not results.empty():
            outcome, memory = results.get()
            counts[outcome] += 1
            peak = max(peak, memory)
        for worker in [worker for worker in running if worker.ended() is not None]:
            running.remove(worker)
            if why := worker.ended():
                outcome, rest = worker.rest(why)
                counts[outcome] += 1
                waiting.append(rest)
    failed = {
        outcome: times for outcome, times in counts.items() if outcome.split(": ")[1].isupper() or "CRASH" in outcome
    }
    return {
        "seed": seed,
        "files": counts.total(),
        "by_kind": dict(
            Counter({kind: sum(n for outcome, n in counts.items() if outcome.startswith(kind)) for kind in SHARES})
        ),
        "failed": failed,
        "peak_mebis": peak >> 20,
        "outcomes": dict(sorted(counts.items())),
    }


def guided(kind: str, options: list[str]) -> None:
    """Run atheris on the samples for `kind`; the first failure ends it, as with libFuzzer."""
    corpus = OUT / "fuzz-corpus" / kind
    corpus.mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(samples(kind)):
        (corpus / str(number)).write_bytes(sample.data)

    def test(data: bytes) -> None:
        sample = samples(kind)[len(data) % len(samples(kind))]
        with tempfile.TemporaryDirectory(prefix="fuzz-") as work:
            run_entry_point(kind, sample, sample.wrap(data), Path(work))

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
