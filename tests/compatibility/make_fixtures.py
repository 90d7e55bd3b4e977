"""Write the stored files of a new format.

Usage: python -m tests.compatibility.make_fixtures NAME, in the root of the project. Run it once per format, before the
next format replaces it, and never again: stored files must remain as the program of their time wrote them. It writes
`tests/compatibility/NAME`, which must not exist.

It works in FIXTURE_FOLDER, because runs record the paths of their pictures.
"""

import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import onnx

import discern
from discern.features.testing import colour_backbone
from tests.compatibility.fixture_pictures import (
    FIXTURE_FOLDER,
    write_names,
    write_negatives,
    write_new_pictures,
    write_photos,
)

HERE = Path(__file__).parent
INTERRUPTED_AT = "fit"
# Pages may change with every version, and are never read.
EXCLUDED = (".lock", "report.html", "data.html")


def make(target: Path) -> None:
    target.mkdir()
    photos = write_photos(FIXTURE_FOLDER / "photos")
    backbone = _write_backbone(FIXTURE_FOLDER / "colour.onnx")
    common: dict[str, Any] = {"runs": FIXTURE_FOLDER, "cache": FIXTURE_FOLDER / "cache", "backbone": str(backbone)}
    # Every optional part of a bundle: order, names, negatives, and an accept policy.
    options: dict[str, Any] = common | {
        "ordered": ["blue", "green", "red"],
        "negatives": write_negatives(FIXTURE_FOLDER / "negatives"),
        "names": write_names(FIXTURE_FOLDER / "names.csv"),
        "at_most_wrong": 0.23,
    }
    finished = discern.train(photos, name="finished", **options)
    interrupted = _interrupt(photos, options)
    checked = discern.check(photos, name="checked", **common)
    for run in (finished.run, interrupted, checked.run):
        shutil.copytree(run, target / run.name, ignore=shutil.ignore_patterns(*EXCLUDED))
    shutil.copytree(common["cache"], target / "cache", ignore=shutil.ignore_patterns("*.lock"))
    shutil.copyfile(backbone, target / backbone.name)
    text = json.dumps(_predict(finished.bundle), indent=1) + "\n"
    (target / "answers.json").write_text(text, encoding="ascii", newline="\n")


def _write_backbone(path: Path) -> Path:
    """Write a user's ONNX file that computes mean colours, without a map."""
    model = onnx.load_from_string(colour_backbone(mirror=False).graph)
    model.graph.output.remove(next(output for output in model.graph.output if output.name == "map"))
    path.write_bytes(model.SerializeToString())
    return path


def _interrupt(photos: Path, options: dict[str, Any]) -> Path:
    def interrupt(stage: str, done: int, total: int | None) -> None:
        if stage == INTERRUPTED_AT:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        discern.train(photos, name="interrupted", progress=interrupt, **options)
    return FIXTURE_FOLDER / "interrupted"


def _predict(bundle: Path) -> dict[str, Any]:
    """Return the bundle's predictions for pictures outside the training data."""
    answers = [answer.to_json() for answer in discern.predict(bundle, write_new_pictures(FIXTURE_FOLDER / "others"))]
    return {Path(answer["path"]).name: answer for answer in answers}


if __name__ == "__main__":
    FIXTURE_FOLDER.mkdir()
    try:
        make(HERE / sys.argv[1])
    finally:
        shutil.rmtree(FIXTURE_FOLDER)
