"""Make the folder of kept files for a format that is new.

Usage: python -m tests.compatibility.make_fixtures NAME, in the project's root. Run it only when a format is added, as
the last step before the older one is left, and never again: what is kept must stay as the program of its time wrote it.
It writes `tests/compatibility/NAME`, and refuses where that is there already.

The work is done in a folder named by WORKSHOP, since a run says where its pictures were.
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
from tests.compatibility.drawing import WORKSHOP, write_names, write_negatives, write_others, write_photos

HERE = Path(__file__).parent
INTERRUPTED_AT = "fit"
# A page may change with every version, and nothing reads it again.
LEFT_OUT = (".lock", "report.html", "data.html")


def make(kept: Path) -> None:
    kept.mkdir()
    photos = write_photos(WORKSHOP / "photos")
    backbone = _write_backbone(WORKSHOP / "colour.onnx")
    common: dict[str, Any] = {"runs": WORKSHOP, "cache": WORKSHOP / "cache", "backbone": str(backbone)}
    # All that a bundle may hold: an order, names, strangers that were seen, and a share of answers to accept.
    options: dict[str, Any] = common | {
        "ordered": ["blue", "green", "red"],
        "negatives": write_negatives(WORKSHOP / "negatives"),
        "names": write_names(WORKSHOP / "names.csv"),
        "at_most_wrong": 0.23,
    }
    finished = discern.train(photos, name="finished", **options)
    interrupted = _interrupt(photos, options)
    checked = discern.check(photos, name="checked", **common)
    for run in (finished.run, interrupted, checked.run):
        shutil.copytree(run, kept / run.name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copytree(common["cache"], kept / "cache", ignore=shutil.ignore_patterns("*.lock"))
    shutil.copyfile(backbone, kept / backbone.name)
    text = json.dumps(_ask(finished.bundle), indent=1) + "\n"
    (kept / "answers.json").write_text(text, encoding="ascii", newline="\n")


def _write_backbone(path: Path) -> Path:
    """A file of the user's own that sees colours, and gives no map."""
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
    return WORKSHOP / "interrupted"


def _ask(bundle: Path) -> dict[str, Any]:
    """What a bundle answers to pictures that it has not seen."""
    answers = [answer.to_json() for answer in discern.predict(bundle, write_others(WORKSHOP / "others"))]
    return {Path(answer["path"]).name: answer for answer in answers}


if __name__ == "__main__":
    WORKSHOP.mkdir()
    try:
        make(HERE / sys.argv[1])
    finally:
        shutil.rmtree(WORKSHOP)
