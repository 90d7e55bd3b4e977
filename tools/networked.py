"""Pretrained networks that are downloaded, compared with the default backbone on the bananas and the scones.

    make networked [DATA=FOLDER]

ResNet-50, ResNet-101 and VGG16 come from PyTorch's server under the names that torchvision gives them, DINOv2-small
from the Hugging Face hub at its pinned commit: 0.9 GB. The digest in each name, the first 8 digits of the SHA-256, must
be that of the file; of DINOv2-small, the whole SHA-256 is pinned. A file that is at hand is checked, and not requested
again. For each pack a head is trained on each network, and ResNet-50 is fine-tuned; `discern compare` does the rest.

The packs `banana_ripeness` and `scones_bicycle_motorcycle` are looked for in `--data` (default DISCERN_TEST_DATA, or
../shared/data). It needs a network connection and the extra `torch`, and is a part of neither the tests nor continuous
integration.
"""

import argparse
import hashlib
import os
import shutil
import sys
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import discern
from discern.errors import BackboneError, DiscernError
from discern.features.backbones.hub_backbones import GRAPHS
from discern.features.backbones.hub_download import fetch_file

ORIGIN = "https://download.pytorch.org/models"
FILES = {
    "resnet50": "resnet50-11ad3fa6.pth",
    "resnet101": "resnet101-cd907fc2.pth",
    "vgg16": "vgg16-397923af.pth",
}
DEFAULT, HUB = "lite0", "dinov2-small"
PACKS = ("banana_ripeness", "scones_bicycle_motorcycle")
TUNED = "resnet50"
DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data"))
OUT = Path(__file__).resolve().parent.parent / "benchmarks" / "out" / "networked"


def main(arguments: Sequence[str] | None = None, *, origin: str = ORIGIN) -> int:
    parser = argparse.ArgumentParser(prog="make networked", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--packs", nargs="+", default=PACKS, metavar="PACK")
    parser.add_argument("--networks", nargs="*", choices=[*FILES, HUB], default=[*FILES, HUB], metavar="NETWORK")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args(arguments)
    fetched = fetch_all(args.networks, args.out / "weights", origin=origin)
    failed = len(fetched) < len(args.networks)
    for pack in args.packs:
        runs = train_all(args.data / pack, fetched, args.out)
        failed |= len(runs) < len(models(fetched))
        print(compare(pack, runs, args.out))
    return int(failed)


def fetch_all(names: Sequence[str], folder: Path, *, origin: str) -> list[str]:
    """Fetch the weights of networks, and return those that are at hand and have their digest."""
    fetched = []
    for name in names:
        try:
            digest = fetch_hub(name) if name == HUB else sha256(fetch(FILES[name], folder, origin=origin))
        except DiscernError as error:
            report(error)
        else:
            print(f"{name}: sha256 {digest}", flush=True)
            fetched.append(name)
    return fetched


def fetch(name: str, folder: Path, *, origin: str = ORIGIN) -> Path:
    """Download a file whose name has its digest, unless it is at hand, and check that.

    Raises:
        BackboneError: the server cannot be reached, or sends another file.
    """
    path = folder / name
    if path.exists() and sha256(path).startswith(digest_in(name)):
        return path
    part, url = path.with_suffix(".part"), f"{origin}/{name}"
    hint = f"Download {url} on any machine, and save it as {path}."
    folder.mkdir(parents=True, exist_ok=True)
    try:
        receive(url, part)
        if not (found := sha256(part)).startswith(digest_in(name)):
            raise BackboneError(f"{url} has the sha256 {found}, which is not that in its name.", hint=hint)
        part.replace(path)
    except (OSError, HTTPException) as error:
        raise BackboneError(f"The weights {name} cannot be downloaded: {error}.", hint=hint) from error
    finally:
        part.unlink(missing_ok=True)
    return path


def receive(url: str, file: Path) -> None:
    try:
        with urllib.request.urlopen(url, timeout=60) as response, file.open("wb") as stream:
            shutil.copyfileobj(response, stream)
    except HTTPError as error:
        error.close()
        raise


def fetch_hub(name: str) -> str:
    """Fetch a graph of the hub, and return its digest, which is the pinned one."""
    file = GRAPHS[name].file
    fetch_file(file)
    return file.sha256


def digest_in(name: str) -> str:
    """Return the digits of the SHA-256 that a file's name ends with."""
    return name.rsplit("-", 1)[1].partition(".")[0]


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def models(networks: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the options of each model, by its name: heads on all networks, and one network fine-tuned."""
    chosen = {DEFAULT: {"backbone": DEFAULT}}
    chosen |= {name: {"backbone": name if name == HUB else f"torchvision/{name}"} for name in networks}
    if TUNED in networks:
        chosen[f"{TUNED}-finetune"] = {"backbone": f"torchvision/{TUNED}", "method": "finetune"}
    return chosen


def train_all(source: Path, networks: Sequence[str], out: Path) -> list[Path]:
    """Train each model, or go on with one that was interrupted, and return the runs of those that succeed."""
    runs = []
    for name, options in models(networks).items():
        run = out / "runs" / f"{source.name}-{name}"
        weights = {"weights": out / "weights"} if options["backbone"].startswith("torchvision/") else {}
        try:
            discern.train(source, name=run.name, runs=run.parent, resume=run.exists(), **options, **weights)
        except DiscernError as error:
            report(error)
        else:
            runs.append(run)
    return runs


def compare(pack: str, runs: Sequence[Path], out: Path) -> str:
    """Compare the runs of a pack on a page, and return the table in Markdown."""
    if len(runs) < 2:
        return f"{pack}: fewer than two models to compare.\n"
    page = out / f"{pack}.html"
    page.unlink(missing_ok=True)
    found = discern.compare(*runs, out=page).to_json()
    lines = [f"## {pack}, {found['pictures']} held-out pictures", "", found["recommended"]["why"], ""]
    lines += ["| model | accuracy, % | minus the first | MB | ms a picture | train, s |", "|---|---|---|---|---|---|"]
    # The pairs of the first model are the first minus another one.
    differences = {each["b"]: each["difference"] for each in found["pairs"] if each["a"] == found["rows"][0]["run"]}
    for row in found["rows"]:
        cells = [
            row["name"].removeprefix(f"{pack}-"),
            percent(row["accuracy"]),
            percent(differences[row["run"]], sign=-1) if row["run"] in differences else "",
            *(f"{row[figure]:.0f}" for figure in ("megabytes", "ms_per_picture", "train_seconds")),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *found["notes"], ""])


def percent(share: dict[str, Any], *, sign: int = 1) -> str:
    """Format a share and its interval in percent; with the sign -1, a difference the other way round."""
    if share["value"] is None or share["low"] is None or share["high"] is None:
        return "no interval"
    low, high = sorted((sign * share["low"], sign * share["high"]))
    plus = "+" if sign < 0 else ""
    return f"{100 * sign * share['value']:{plus}.1f} [{100 * low:{plus}.1f}, {100 * high:{plus}.1f}]"


def report(error: DiscernError) -> None:
    print(f"{error.message} {error.hint}".strip(), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
