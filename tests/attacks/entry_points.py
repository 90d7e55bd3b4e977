"""Entry points for untrusted files: each takes a path, and returns its outcome or raises a `DiscernError`.

Modules that only one entry point needs are imported inside it, so that its memory is measured as users have it.
"""

import re
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from discern.bundle import Model, load
from discern.catalog import Catalog, apply_fixes, read_fixes, scan
from discern.picture import SCAN_MIN_SIDE, open_picture, read_file, read_header, thumbnail
from tests.unit.bundle.factories import plain, write_small
from tests.unit.catalog.factories import picture, write_files

READ = "read"
SECRET = picture(0x5EC)
"""A file outside every input folder: reading it means that an input led outside."""


class Outcome(NamedTuple):
    """Error codes or "read", and the message."""

    code: str
    message: str


def open_one(path: Path, work: Path) -> Outcome:
    """Open a file as a picture."""
    data = read_file(path)
    header = read_header(data)
    thumbnail(open_picture(data, min_side=SCAN_MIN_SIDE))
    return Outcome(READ, f"{header.format}, {header.width} x {header.height}")


def scan_all(path: Path, work: Path) -> Outcome:
    """Scan a folder, a listing or an archive; return the error codes of its rows."""
    return _rows(scan(path, cache=work / "cache", threads=2))


def predict_all(path: Path, work: Path) -> Outcome:
    """Predict a path as `discern predict` does."""
    from discern.flow.predict.predict import predict  # noqa: PLC0415

    errors = [answer.error for answer in predict(_model(), [path]) if answer.error]
    return Outcome(" ".join(sorted({error.code for error in errors})) or READ, str(errors[0]) if errors else "")


def load_one(path: Path, work: Path) -> Outcome:
    """Load a bundle, predict with it, and verify it."""
    from discern.flow.verify import verify  # noqa: PLC0415

    model = load(path)
    assert model.card is not None
    assert model.seen.ndim == 2
    assert model(plain(200, 0, 0)).label in model.labels
    found = verify(path)
    return Outcome(READ if found.passed else "not_verified", found.why)


def apply_all_fixes(path: Path, work: Path) -> Outcome:
    """Apply a fixes.csv to three pictures."""
    catalog = scan(_valid_pictures(work), cache=work / "cache", threads=2)
    return _rows(apply_fixes(catalog, read_fixes(path)))


def scan_with_cache(path: Path, work: Path) -> Outcome:
    """Scan three pictures with an untrusted cache, which must not change the result."""
    with_cache, without = (scan(_valid_pictures(work), cache=cache, threads=2) for cache in (path, work / "cache"))
    assert with_cache.table.equals(without.table)
    assert np.array_equal(with_cache.thumbs[:], without.thumbs[:])
    return _rows(with_cache)


def check_all(path: Path, work: Path) -> Outcome:
    """Run the whole check on a folder, a listing or an archive."""
    from discern.flow.check import check  # noqa: PLC0415

    found = check(path, runs=work / "runs", backbone=_backbone(work), cache=work / "cache")
    page = found.page.read_text(encoding="utf-8")
    assert not re.search(r'<script>alert|" onerror', page)
    assert not re.search(r"(^|,)\"?[=+@\t\r-]", found.fixes.read_text(encoding="utf-8"))
    return Outcome(READ, f"{found.pictures} pictures, {found.unreadable} files that cannot be read")


def resume_check(path: Path, work: Path) -> Outcome:
    """Resume a check in an untrusted run folder."""
    from discern.flow.check import check  # noqa: PLC0415

    found = check(
        _valid_pictures(work),
        name=path.name,
        runs=path.parent,
        resume=True,
        backbone=_backbone(work),
        cache=work / "cache",
    )
    return Outcome(READ, f"{found.pictures} pictures")


def resume_training(path: Path, work: Path) -> Outcome:
    """Resume a training in an untrusted run folder."""
    from discern.flow.train import train  # noqa: PLC0415

    found = train(
        _valid_pictures(work),
        name=path.name,
        runs=path.parent,
        resume=True,
        backbone=_backbone(work),
        cache=work / "cache",
    )
    return Outcome(READ, found.bundle.name)


ENTRY_POINTS: dict[str, Callable[[Path, Path], Outcome]] = {
    "open": open_one,
    "scan": scan_all,
    "predict": predict_all,
    "load": load_one,
    "--fixes": apply_all_fixes,
    "--cache": scan_with_cache,
    "check": check_all,
    "check --resume": resume_check,
    "train --resume": resume_training,
}


def _rows(catalog: Catalog) -> Outcome:
    contents = {bytes_ for _, bytes_ in catalog.read(np.flatnonzero(catalog.readable))}
    assert SECRET not in contents
    bad = catalog.table.filter(~catalog.readable)
    codes = bad["error"].unique().sort().to_list()
    return Outcome(" ".join(codes) or READ, bad["message"][0] if codes else f"{len(catalog)} pictures")


def _valid_pictures(work: Path) -> Path:
    folder = work / "sound"
    return folder if folder.exists() else write_files(folder, {f"{name}/1.png": picture(ord(name)) for name in "abc"})


@lru_cache
def _model() -> Model:
    with tempfile.TemporaryDirectory() as folder:
        return load(write_small(Path(folder) / "model.discern"))


def _backbone(work: Path) -> str:
    from tests.integration.workspace import write_backbone  # noqa: PLC0415

    return str(write_backbone(work / "colour.onnx"))


def peak_memory() -> int:
    """Return the peak resident memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # The value of `resource` includes the peak of the parent process before exec.
        found = re.search(r"VmHWM:\s*(\d+)", status.read_text())
        assert found
        return 1024 * int(found[1])
    import resource  # noqa: PLC0415 - not on every system

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
