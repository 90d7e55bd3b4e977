"""Compare the training methods with each other, and with fastai's fine-tuning, on the same leak-free parts of packs.

    python benchmarks/methods.py [--packs PACK ...] [--only METHOD ...] [--cores N] [--again] [--report]
        [--markdown FILE]

Each pack is dealt once as in `peer_training.py`. Every method is trained by a whole `discern train` with these parts as
given ones, one seed, an empty cache and default settings, and answers the test part, which it never saw. Methods
are compared in pairs on these pictures as by `discern compare`: over groups, with Holm's correction, and the one to
ship is named. Answers that `peer_training.py` left in the same folder are compared as well:
fastai fine-tunes the same weights on the train part, and chooses among 5, 10 and 20 epochs on the validation part.

"validation" is the accuracy on pictures of the other parts that a model was not fitted on; it tells the best one.

mobilenetv2_100 needs the weights `mobilenetv2_100.safetensors` in DISCERN_WEIGHTS (default ../shared/weights), and is
skipped without them. Results are kept in `--out`, and a method with a result is not run again without `--again`.
Needs the extra `torch`, DISCERN_TEST_DATA (default ../shared/data) and Linux.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from dealt_parts import PACKS, Answers, Dealt, deal, markdown, percent, points
from measured_process import Row
from peer_training import CONTESTANTS, answers_file, result_file, train_discern, use_cores

from discern.evaluating import Interval, ModelPair, choose_model, compare_pairs
from discern.evaluating.simplest_model import MARGIN

HERE = Path(__file__).parent
WEIGHTS = Path(os.environ.get("DISCERN_WEIGHTS", "../shared/weights"))
# The weights come from TensorFlow: see the README beside them.
MOBILENET = "timm/mobilenetv2_100:pad_type=same"
OTHER_NET = ["--backbone", MOBILENET, "--weights", str(WEIGHTS), "--mean", ".5,.5,.5", "--deviation", ".5,.5,.5"]
# The simplest first, which breaks ties.
METHODS: dict[str, list[str]] = {
    "probe": ["--method", "probe"],
    "auto": ["--method", "auto"],
    "scratch": ["--method", "scratch"],
    "finetune": ["--method", "finetune"],
    "probe, mobilenetv2_100": ["--method", "probe", *OTHER_NET],
    "finetune, mobilenetv2_100": ["--method", "finetune", *OTHER_NET],
}
PEERS = [name for name, contestant in CONTESTANTS.items() if contestant.tunes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packs", nargs="+", choices=PACKS, default=PACKS, metavar="PACK")
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD")
    parser.add_argument("--cores", type=int, help="number of cores to use; by default all")
    parser.add_argument("--again", action="store_true", help="run methods that have a result, too")
    parser.add_argument("--report", action="store_true", help="print the tables of the results that there are")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file, too")
    parser.add_argument("--out", type=Path, default=HERE / "out" / "peers")
    args = parser.parse_args()
    use_cores(args.cores)
    if not args.report:
        for pack in args.packs:
            train(deal(pack, args.out), args.only, again=args.again)
    dealt = [Dealt.open(args.out / pack) for pack in args.packs if (args.out / pack / "dealt.json").exists()]
    text = "\n".join(map(report, dealt))
    print(text)
    if args.markdown:
        args.markdown.write_text(text, encoding="utf-8")


def train(dealt: Dealt, names: Sequence[str], *, again: bool) -> None:
    for name in names:
        file = method_file(dealt, name)
        if "mobilenetv2" in name and not WEIGHTS.is_dir():
            print(f"{name} is skipped: {WEIGHTS} has no weights.", file=sys.stderr)
        elif again or not file.exists():
            try:
                row = train_discern(
                    f"method {name}", dealt, Path(sys.executable), dealt.folder / "parts", METHODS[name]
                )
            except SystemExit as failure:
                print(failure, file=sys.stderr, flush=True)
                continue
            file.write_text(json.dumps(row, indent=1))
            print(f"{dealt.pack}: {name} {row['cpu_s']:.0f} CPU s", file=sys.stderr, flush=True)


def method_file(dealt: Dealt, name: str) -> Path:
    return result_file(dealt.folder, f"method {name}")


def report(dealt: Dealt) -> str:
    """Return the table of a pack, its paired differences, and the sentences on the goals, in Markdown."""
    rows: dict[str, Row] = {name: json.loads(file.read_text()) for name, file in _files(dealt).items() if file.exists()}
    answers = {name: Answers.read(answers_file(dealt.folder, _stored(name)), dealt) for name in rows}
    pairs = compare_pairs(
        [each.correct(dealt) for each in answers.values()], groups=dealt.groups, weights=dealt.weights
    )
    lines = [describe(name, rows[name], answers, dealt) for name in rows]
    header = ["method", "accuracy, %", "validation, %", "minus probe", "macro-F1", "CPU s", "epochs (best)", "why"]
    parts = ", ".join(f"{count} {part}" for part, count in dealt.pictures.items())
    sentences = [f"### {dealt.pack}: {parts} pictures", markdown(header, lines), *judge(answers, dealt)]
    return "\n\n".join([*sentences, tabulate_pairs(list(rows), pairs), choose(rows, answers, dealt)]) + "\n"


def _files(dealt: Dealt) -> dict[str, Path]:
    return {name: result_file(dealt.folder, _stored(name)) for name in (*METHODS, *PEERS)}


def _stored(name: str) -> str:
    return f"method {name}" if name in METHODS else name


def describe(name: str, row: Row, answers: dict[str, Answers], dealt: Dealt) -> list[str]:
    metrics, method = answers[name].metrics(dealt), row.get("method") or {}
    validation = row.get("validation")
    probe = answers.get("probe")
    paired = Interval(note="-") if probe is None or name == "probe" else answers[name].minus(probe, dealt)
    epochs = method.get("epochs", row.get("epochs"))
    return [
        name,
        percent(metrics.accuracy),
        "-" if validation is None else f"{100 * validation:.1f}",
        points(paired),
        "-" if metrics.macro_f1.value is None else f"{metrics.macro_f1.value:.3f}",
        f"{row['cpu_s']:.0f}",
        "-" if epochs is None else f"{epochs} ({method.get('best_epoch', 'last')})",
        str(method.get("why") or "-"),
    ]


def tabulate_pairs(names: Sequence[str], pairs: dict[tuple[int, int], ModelPair]) -> str:
    lines = [
        [names[a], names[b], points(pair.test.difference), "-" if pair.p is None else f"{pair.p:.3f}"]
        for (a, b), pair in pairs.items()
    ]
    return markdown(["A", "B", "A minus B, points", "p (Holm)"], lines)


def judge(answers: dict[str, Answers], dealt: Dealt) -> list[str]:
    """Compare with the goals: ours is not inferior to fastai's fine-tuning, and `auto` not worse than the probe."""
    said = []
    ours, peer = [name for name in METHODS if name in answers], answers.get("fastai fine-tuned")
    if ours and peer is not None:
        best = max(ours, key=lambda name: accuracy(answers[name], dealt))
        difference = answers[best].minus(peer, dealt)
        shown = difference.low is not None and difference.low >= -MARGIN
        worse = difference.high is not None and difference.high < 0
        said.append(
            f"Best of ours, {best}, minus fastai's fine-tuning: {points(difference)} points: "
            + ("not inferior by 1 point" if shown else "WORSE" if worse else "too few pictures to show the margin of 1")
            + "."
        )
    if "auto" in answers and "probe" in answers:
        difference = answers["auto"].minus(answers["probe"], dealt)
        worse = difference.high is not None and difference.high < 0
        said.append(
            f"auto minus probe: {points(difference)} points: {'WORSE' if worse else 'not below by more than noise'}."
        )
    return said


def accuracy(answers: Answers, dealt: Dealt) -> float:
    return float(np.average(answers.correct(dealt), weights=dealt.weights))


def choose(rows: dict[str, Row], answers: dict[str, Answers], dealt: Dealt) -> str:
    """Name the simplest of our methods that is not inferior to the best one, in the order of `METHODS`."""
    ours = [name for name in METHODS if name in rows]
    if len(ours) < 2:
        return "Too few methods to choose from."
    correct = [answers[name].correct(dealt) for name in ours]
    pairs = compare_pairs(correct, groups=dealt.groups, weights=dealt.weights)
    # As in `discern compare`, the best is told by other pictures than those of the tests.
    found = choose_model(range(len(ours)), pairs, judged=[rows[name]["validation"] for name in ours])
    return f"To ship: {ours[found.chosen]} ({found.evidence.value}; best on validation pictures: {ours[found.best]})."


if __name__ == "__main__":
    main()
