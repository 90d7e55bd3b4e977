"""Bundle and pictures of a server benchmark: those named on the command line, or one trained on imagenette160."""

import argparse
import os
from pathlib import Path

import discern

PACK = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data")) / "imagenette160"
RUNS = Path(__file__).parent / "out" / "runs"


def add_bundle_arguments(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add the optional arguments BUNDLE and PICTURES."""
    parser.add_argument("bundle", type=Path, nargs="?", help="default: one trained on imagenette160 and reused")
    pictures = {"nargs": "*", "default": [PACK]} if several else {"nargs": "?", "default": PACK}
    parser.add_argument("pictures", type=Path, **pictures)


def find_bundle(args: argparse.Namespace) -> Path:
    """Return the bundle's absolute path; train it if none is named and none was trained before."""
    default = RUNS / PACK.name / "model.discern"
    bundle: Path = args.bundle or default
    if bundle == default and not default.exists():
        discern.train(PACK, name=PACK.name, runs=RUNS)
    return bundle.absolute()
