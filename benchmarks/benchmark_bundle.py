"""Which bundle a server is measured with, and by which pictures: those that are named, or a pack's own."""

import argparse
import os
from pathlib import Path

import discern

PACK = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data")) / "imagenette160"
RUNS = Path(__file__).parent / "out" / "runs"


def add_subject(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add the words BUNDLE and PICTURES, either of which may be left out."""
    parser.add_argument("bundle", type=Path, nargs="?", help="without it, one is trained on imagenette160, and kept")
    pictures = {"nargs": "*", "default": [PACK]} if several else {"nargs": "?", "default": PACK}
    parser.add_argument("pictures", type=Path, **pictures)


def subject(asked: argparse.Namespace) -> Path:
    """The bundle, absolute."""
    kept = RUNS / PACK.name / "model.discern"
    given: Path = asked.bundle or kept
    if given == kept and not kept.exists():
        discern.train(PACK, name=PACK.name, runs=RUNS)
    return given.absolute()
