"""Compare `discern train` with fastai, Ultralytics, and thirty lines of timm and scikit-learn, on the same parts.

    python benchmarks/peer_training.py [--packs PACK ...] [--only CONTESTANT ...] [--cores N] [--again] [--report]

Each pack is dealt once to leak-free parts (`dealt_parts.py`). Every contestant then trains as a whole process in an
environment of its own, which is created with the versions of `peers/requirements/`, on the same pictures, cores, and,
where it can, network and weights: EfficientNet-Lite0 as in Discern's default backbone. All are told to stay
offline: no weights are fetched, and Ultralytics' reports to its makers are switched off.

* discern: `discern train` with an empty cache; it holds out its own pictures of the train and validation parts;
* discern, train part: the same without the pictures of the validation part;
* thirty lines: the features of timm, and logistic regression; on the train and validation parts;
* fastai frozen, fastai fine-tuned: by default 5, 10 and 20 epochs of the head, or of one of the head and so many of
  the whole network; the one that is most accurate on the validation part is kept;
* ultralytics: its smallest network from random weights, 20 epochs, of which it keeps the best on the validation part;
* ultralytics, same weights: its trainer with the network and weights of the others.

Measured are seconds and CPU seconds to the trained model, without the answers to the test part; peak memory
(proportional set size) of all processes; accuracy on the test part with an interval over groups, and paired with
Discern's; the disk space of the environment; and the answers to pictures of none of the classes: the highest
probability, and the share that is given a class without reserve. On a machine with other work, CPU seconds are the
figure to compare, with `--cores 1`.

Results are kept in `--out`, and a contestant with a result is not run again unless `--again` is given; `--report` runs
nothing and prints the tables of all results there. Needs DISCERN_TEST_DATA (default ../shared/data), for the
environments a package index, and Linux.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from dealt_parts import PACKS, Answers, Dealt, cores, deal, markdown, percent, points, write_answers
from measured_process import Row, measure

from discern.evaluating import Interval
from discern.features import load_backbone
from discern.features.backbones.efficientnet_lite import find_weights

HERE = Path(__file__).parent
PEERS = HERE / "peers"
OURS, LINES = "discern", "thirty lines"
EPOCHS = (5, 10, 20)
SOONER, DEARER = 20, 3


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A way to train a classifier.

    Attributes:
        environment: name of its environment and its file of requirements; ours has none, but the project itself.
        script: in `peers/`; None for `discern train`.
        options: of the script, or of `discern train`.
        together: train and validation parts are given as one.
        tunes: the whole network is trained.
        chooses_epochs: trains once for each number of epochs, and keeps the best on the validation part.
    """

    environment: str
    script: str | None = None
    options: Sequence[str] = ()
    together: bool = True
    tunes: bool = False
    chooses_epochs: bool = False


CONTESTANTS = {
    OURS: Contestant(environment="discern"),
    "discern, train part": Contestant(environment="discern", together=False),
    LINES: Contestant(environment="timm", script="timm_lines.py"),
    "fastai frozen": Contestant(
        environment="fastai",
        script="fastai_training.py",
        options=["--validation", "{validation}"],
        together=False,
        chooses_epochs=True,
    ),
    "fastai fine-tuned": Contestant(
        environment="fastai",
        script="fastai_training.py",
        options=["--validation", "{validation}", "--fine-tune"],
        together=False,
        chooses_epochs=True,
        tunes=True,
    ),
    "ultralytics": Contestant(environment="ultralytics", script="ultralytics_training.py", together=False, tunes=True),
    "ultralytics, same weights": Contestant(
        environment="ultralytics",
        script="ultralytics_training.py",
        options=["--same-weights"],
        together=False,
        tunes=True,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packs", nargs="+", choices=PACKS, default=PACKS, metavar="PACK")
    parser.add_argument("--only", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS), metavar="CONTESTANT")
    parser.add_argument("--cores", type=int, help="number of cores that each may use; by default all")
    parser.add_argument("--epochs", type=int, nargs="+", default=EPOCHS, help="that fastai tries; by default 5, 10, 20")
    parser.add_argument("--again", action="store_true", help="run contestants that have a result, too")
    parser.add_argument("--report", action="store_true", help="print the tables of the results that there are")
    parser.add_argument("--out", type=Path, default=HERE / "out" / "peers")
    parser.add_argument("--environments", type=Path, default=HERE / "out" / "peer_environments")
    args = parser.parse_args()
    use_cores(args.cores)
    if not args.report:
        for pack in args.packs:
            race(deal(pack, args.out), args.only, args.environments, epochs=args.epochs, again=args.again)
    for pack in args.packs:
        if (args.out / pack / "dealt.json").exists():
            print(report(Dealt.open(args.out / pack)), flush=True)


def use_cores(count: int | None) -> None:
    """Let this process and those that it starts use so many cores, and as many threads.

    On a busy machine, threads that wait for each other count as busy: with two, PyTorch took three times the CPU
    seconds that it took with one.
    """
    if count:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])
    os.environ["OMP_NUM_THREADS"] = str(cores())


def race(dealt: Dealt, names: Sequence[str], environments: Path, *, epochs: Sequence[int], again: bool) -> None:
    """Run the contestants on one pack, but those that have a result."""
    for name in names:
        file = result_file(dealt.folder, name)
        if again or not file.exists():
            python = create_environment(CONTESTANTS[name].environment, environments)
            row = run(name, dealt, python, epochs)
            row |= {"cores": cores(), "load": os.getloadavg()[0], "install_mb": disk_megabytes(python.parents[1])}
            file.write_text(json.dumps(row, indent=1))
            print(f"{dealt.pack}: {name} {row['cpu_s']:.1f} CPU s", file=sys.stderr, flush=True)


def result_file(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(', ', '-').replace(' ', '-')}.json"


def answers_file(folder: Path, name: str) -> Path:
    return result_file(folder, name).with_suffix(".answers.json")


def create_environment(name: str, folder: Path) -> Path:
    """Create an environment, unless it exists with the same versions, and return its interpreter."""
    environment = (folder / name).resolve()
    requirements = PEERS / "requirements" / f"{name}.txt"
    python, installed = environment / "bin" / "python", environment / "installed.txt"
    wanted = requirements.read_text() if requirements.exists() else "the project itself\n"
    if not installed.exists() or installed.read_text() != wanted:
        what = ["--requirement", requirements] if requirements.exists() else [HERE.parent]
        subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-cache-dir", *what], check=True)
        installed.write_text(wanted)
    return python


def disk_megabytes(folder: Path) -> float:
    """Return the disk space of a folder as `du` has it."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 1e6


def run(name: str, dealt: Dealt, python: Path, epochs: Sequence[int]) -> Row:
    """Train a contestant in a process of its own, and keep its answers."""
    contestant, answers = CONTESTANTS[name], answers_file(dealt.folder, name)
    train = dealt.training if contestant.together else dealt.train
    if contestant.script is None:
        return train_discern(name, dealt, python, train, contestant.options)
    backbone = load_backbone()
    data = [find_weights(backbone.name), backbone.size, train, dealt.test]
    options = [each.format(validation=dealt.validation) for each in contestant.options]
    options += ["--epochs", *map(str, epochs)] if contestant.chooses_epochs else []
    common = ["--strangers", dealt.strangers, "--predictions", answers]
    printed, row = measure(name, [python, PEERS / contestant.script, *data, *common, *options])
    row["seconds"] -= printed.pop("evaluate_s")
    row["cpu_s"] -= printed.pop("evaluate_cpu_s")
    return row | printed


def train_discern(name: str, dealt: Dealt, python: Path, train: Path, options: Sequence[str]) -> Row:
    """Run `discern train` with an empty cache; its bundle answers afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = ["--runs", Path(folder) / "runs", "--cache", Path(folder) / "cache", "--config", "none"]
        printed, row = measure(name, [python, "-m", "discern", "train", train, *fresh, "--json", *options])
        bundle = result_file(dealt.folder, name).with_suffix(".discern")
        shutil.copyfile(printed["bundle"], bundle)
        write_answers(bundle, dealt, answers_file(dealt.folder, name))
        reported = {key: printed["accuracy"]["leak_free"][key] for key in ("value", "low", "high", "note")}
        if (validation := Path(printed["run"]) / "validation.parquet").exists():
            held_out = pl.read_parquet(validation)
            row["validation"] = float((held_out["label"] == held_out["answer"]).mean())
        return row | {"stages": printed["seconds"], "method": printed.get("method"), "reported": reported}


def report(dealt: Dealt) -> str:
    """Return the table of a pack in Markdown, and the sentences on the goals."""
    rows = {
        name: json.loads(file.read_text()) for name in CONTESTANTS if (file := result_file(dealt.folder, name)).exists()
    }
    answers = {name: Answers.read(answers_file(dealt.folder, name), dealt) for name in rows}
    header = ["", "CPU s", "x discern", "seconds", "peak MB", "install MB", "accuracy, %", "minus discern"]
    header += ["strangers: median", "at least .9", "named: strangers", "test"]
    lines = [describe(name, rows, answers, dealt) for name in rows]
    parts = ", ".join(f"{count} {part}" for part, count in dealt.pictures.items())
    return (
        "\n\n".join([f"### {dealt.pack}: {parts} pictures", markdown(header, lines), *judge(rows, answers, dealt)])
        + "\n"
    )


def describe(name: str, rows: dict[str, Row], answers: dict[str, Answers], dealt: Dealt) -> list[str]:
    row, own = rows[name], answers[name]
    paired = own.minus(answers[OURS], dealt) if OURS in answers and name != OURS else Interval(note="-")
    ratio = f"{row['cpu_s'] / rows[OURS]['cpu_s']:.1f}" if OURS in rows else "-"
    return [
        name + (f" (kept {row['epochs']} epochs)" if "epochs" in row else ""),
        f"{row['cpu_s']:.0f}",
        ratio,
        f"{row['seconds']:.0f}",
        f"{row['peak_mib'] * 1.048576:.0f}",
        f"{row['install_mb']:.0f}",
        percent(own.metrics(dealt).accuracy),
        points(paired),
        f"{np.median(own.strangers):.2f}",
        f"{100 * np.mean(own.strangers >= 0.9):.0f} %",
        *(f"{100 * own.named[part]:.0f} %" for part in ("strangers", "test")),
    ]


def judge(rows: dict[str, Any], answers: dict[str, Answers], dealt: Dealt) -> list[str]:
    """Compare with the goals: as accurate as the best that fine-tunes and 20 x sooner, and 3 x the thirty lines."""
    said = []
    tuned = [name for name in rows if CONTESTANTS[name].tunes]
    if OURS in rows and tuned:
        best = max(tuned, key=lambda name: float(np.average(answers[name].correct(dealt), weights=dealt.weights)))
        difference = answers[OURS].minus(answers[best], dealt)
        reached = difference.high is not None and difference.high >= 0
        ratio = rows[best]["cpu_s"] / rows[OURS]["cpu_s"]
        said.append(
            f"Against the best that fine-tunes, {best}: {points(difference)} points, "
            f"{'not worse' if reached else 'WORSE'} within the interval; {ratio:.1f} x sooner in CPU seconds "
            f"(goal: {SOONER}): {'reached' if reached and ratio >= SOONER else 'NOT reached'}."
        )
        said += _without_search(best, rows)
    if OURS in rows and LINES in rows:
        ratio = rows[OURS]["cpu_s"] / rows[LINES]["cpu_s"]
        reached = "reached" if ratio <= DEARER else "NOT reached"
        said.append(f"Costs {ratio:.1f} x the thirty lines (goal: at most {DEARER}): {reached}.")
    return said


def _without_search(best: str, rows: dict[str, Row]) -> list[str]:
    """Say what the kept number of epochs alone takes, for somebody who knew it beforehand."""
    kept = [each for each in rows[best].get("tried", ()) if each["epochs"] == rows[best]["epochs"]]
    return [
        f"The {each['epochs']} epochs that it kept, alone: {each['cpu_s']:.0f} CPU s, without the start; "
        f"{each['cpu_s'] / rows[OURS]['cpu_s']:.1f} x."
        for each in kept
    ]


if __name__ == "__main__":
    main()
