"""Many fruits, reproducible and watched.

A student has 90,000 pictures of 131 fruits on a turntable, trains a ResNet of timm on them, and wants the whole to be
reproducible, tested by continuous integration, served to many, and monitored; none of the last four was built. These
are the steps, run with Discern.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import discern as api
from discern.watching.stores.open_exchanges import open_store
from examples.commands import discern
from examples.endpoint import ask, endpoint, fetch_text, give_feedback
from examples.fruit.cameras import film_fruit, find_still, see_with_new_camera
from examples.fruit.resnet import choose_few, write_random_weights
from examples.fruit.shop_traffic import DAY, keep_visits, plan_week
from examples.fruit.varieties import CLASSES, FILM, choose_classes, find_varieties, write_classes
from examples.packs import find_pack
from examples.steps import Example, Run, StepFailed, digest, write_json

STEPS = (
    "131 classes",
    "data version",
    "training from a seed",
    "random split or whole films",
    "timm ResNet",
    "continuous integration",
    "a quiet week",
    "two workers with capture",
    "a new camera",
    "a new fruit",
    "monitor page",
)
PUBLISHED: dict[str, Any] = {
    "accuracy": None,
    "note": "The project reports none; others report 99 % and more, on parts that share the films.",
}
EXAMPLE = Example("fruit", published=PUBLISHED, required=STEPS)
PACK, OTHER_FRUIT = "fruits360_varieties", "banana_ripeness"
FRAMES, FEW_FRAMES = 5, 3
"""Frames of each film, and where fewer pictures are sent than `FEW`."""
FEW_CLASSES = 60
"""Classes where fewer pictures are sent than `FEW`: real ones, and a few made ones."""
FEW = 50
LIMIT = "5%"
"""Share of fruits with a wrong answer among those that pass."""
SEED = "0"
MINIMUM = ".85"
"""Accuracy in the field that continuous integration asks for."""
QUIET_SHARE = 0.7
"""Share of the field pictures that are shown in the quiet week."""
NEW_FRUIT = 40
"""Pictures of the new fruit."""


@EXAMPLE.step("131 classes")
def gather(run: Run) -> Path:
    """Put 131 classes into folders: 52 varieties as they were filmed, and 79 made of them by turning their colours.

    The names of the made ones end with "(made)", and `classes.csv` says of which variety each is. A third of the frames
    is kept for the traffic: the shop weighs these very fruits. A short run has fewer classes, and fewer frames of each.
    """
    source = run.options.data or find_pack(PACK)
    if source is None or not source.is_dir():
        raise StepFailed(
            f"There are no fruits at hand. Pass DATA=path/to/folder with {{train,test}}/VARIETY/ of Fruits-360, "
            f"or set DISCERN_TEST_DATA to a folder with {PACK}/."
        )
    run.data = "subset"
    count, frames = (CLASSES, FRAMES) if run.options.pictures >= FEW else (FEW_CLASSES, FEW_FRAMES)
    classes = choose_classes(find_varieties(source), count)
    numbers = write_classes(classes, run.folder, frames=frames)
    made = sum(each.is_made for each in classes)
    print(f"    {len(classes)} classes, {made} of them made; pictures: {numbers}")
    return run.folder


@EXAMPLE.step("data version")
def version(run: Run) -> Path:
    """Give the data a version: one digest of all pictures, labels and groups, whatever folder they are in.

    It stands in `run.json` of every run. The checks also name the frames that stand under two labels.
    """
    train = run.artefact("131 classes") / "train"
    found = discern("check", train, "--name", "check", "--runs", run.folder, partly=True)
    opened = api.open_run(run.folder / "check")
    fingerprint = opened.facts["data"]["fingerprint"]
    if api.read(train).fingerprint != fingerprint:
        raise StepFailed("Two readings of the same pictures have different fingerprints.")
    counts = dict(opened.findings["check"].value_counts(sort=True).iter_rows())
    print(f"    version {fingerprint[:12]}, {found['used']} pictures; findings: {counts}")
    return write_json(run.folder / "version.json", {"fingerprint": fingerprint, "files": found["used"]})


@EXAMPLE.step("training from a seed")
def train(run: Run) -> Path:
    """Train a linear head on the features of a frozen network, with a seed, and keep the versions beside the model."""
    train_folder = run.artefact("131 classes") / "train"
    options = ("--seed", SEED, "--at-most-wrong", LIMIT)
    trained = discern("train", train_folder, *options, "--name", "fruits", "--runs", run.folder)
    print(f"    {trained['policy']['sentence']}")
    print(f"    SHA-256 of the bundle: {digest(Path(trained['bundle']))}")
    return Path(trained["bundle"])


@EXAMPLE.step("random split or whole films")
def compare_splits(run: Run) -> Path:
    """Compare the accuracy of a random split, as it is published, with that of films that were not learned.

    A regular expression names the film of each frame, and one training measures both. The first is the accuracy for the
    very fruits that were filmed, as in this shop; the second that for another fruit of a known variety.
    """
    train_folder, field = run.artefact("131 classes") / "train", run.artefact("131 classes") / "field"
    discern("train", train_folder, "--group-by", FILM, "--seed", SEED, "--name", "films", "--runs", run.folder)
    measured = json.loads((run.folder / "films/metrics.json").read_text(encoding="utf-8"))["accuracy"]
    bundle = run.artefact("training from a seed")
    judged = discern("evaluate", bundle, field, "--name", "field", "--runs", run.folder)["accuracy"]
    rows = {"random split": measured["naive"], "whole films": measured["leak_free"], "field": judged}
    rows = {name: {each: row[each] for each in ("value", "low", "high")} for name, row in rows.items()}
    for name, row in rows.items():
        print(f"    {name:<13} {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})")
    run.ours = rows["whole films"]
    return write_json(run.folder / "splits.json", rows)


@EXAMPLE.step("timm ResNet")
def train_resnet(run: Run) -> Path:
    """Fine-tune a ResNet of timm beside the probe, on some of the varieties, by the same methods and judged alike.

    No pretrained weights of a ResNet are at hand, so it starts from random ones, and runs for one epoch only: this
    shows the way, and says nothing about a ResNet. Without PyTorch, or for a short run, the step says so and ends.
    """
    missing = not (find_spec("torch") and find_spec("timm"))
    if missing or run.options.pictures < FEW:
        reason = "PyTorch or timm is not installed." if missing else f"Fewer than {FEW} pictures are sent."
        print(f"    the ResNet is left out: {reason}")
        return write_json(run.folder / "resnet.json", {"left_out": reason})
    few = choose_few(run.artefact("131 classes") / "train", run.folder / "few")
    weights = write_random_weights("resnet18", run.folder / "resnet18.safetensors", seed=int(SEED))
    network = ("--method", "finetune", "--backbone", "timm/resnet18", "--weights", weights, "--size", "64")
    options = {"probe": (), "resnet18": (*network, "--epochs", "1", "--batch", "32")}
    found = {}
    for name, own in options.items():
        trained = discern("train", few, *own, "--seed", SEED, "--name", name, "--runs", run.folder)
        row = trained["accuracy"]["leak_free"]
        found[name] = {each: row[each] for each in ("value", "low", "high")}
        print(f"    {name:<9} {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})")
    return write_json(run.folder / "resnet.json", found)


@EXAMPLE.step("continuous integration")
def integrate(run: Run) -> Path:
    """Write what GitHub runs at each push, and run it here: from the lock and the seed comes the same model to the bit.

    The script trains in a process of its own with an empty cache, so that nothing is left of the first training but the
    options, the versions and the pictures; only a short run keeps the cache. With a minimum that no model reaches, it
    fails.
    """
    bundle, data = run.artefact("training from a seed"), run.artefact("131 classes")
    repository = run.folder / "repository"
    place = ("--data", "train", "--test", "field", "--at-least", f"accuracy={MINIMUM}")
    discern("ship", "ci", bundle.parent, *place, "--out", repository)
    for part in ("train", "field"):
        (repository / part).symlink_to(data / part)
    steps = ("train", "evaluate", "smoke", *(["ship"] if run.options.pictures >= FEW else []))
    own = {"XDG_CACHE_HOME": str(repository / ".cache")} if run.options.pictures >= FEW else {}
    first = run_script(repository, *steps, REPRODUCE="1", **own)
    again = repository / "ci-out/fruits/model.discern"
    if first.returncode or digest(again) != digest(bundle):
        raise StepFailed(f"The script ended with {first.returncode}: {first.stderr or first.stdout}")
    print(f"    again {digest(again)}")
    short = run_script(repository, "evaluate", AT_LEAST="accuracy=.999", **own)
    if short.returncode != 1 or "FELL SHORT" not in short.stdout:
        raise StepFailed(f"A minimum of .999 should end with 1, not {short.returncode}: {short.stderr}")
    print("    with a minimum of .999 the script ends with 1")
    write_json(run.folder / "twice.json", {"sha256": [digest(bundle), digest(again)]})
    return repository / "ci"


def run_script(repository: Path, *steps: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run steps of continuous integration as its service does."""
    print(f"    $ sh ci/run.sh {' '.join(steps)}", flush=True)
    own = {"PYTHON": sys.executable, **variables}
    command = ["sh", "ci/run.sh", *steps]
    return subprocess.run(command, cwd=repository, env=os.environ | own, capture_output=True, text=True, check=False)


def share_field(run: Run) -> tuple[list[Path], list[Path], list[Path]]:
    """Return the field pictures of the quiet week, of the day after it, and of the day with the new camera."""
    pictures = sorted((run.artefact("131 classes") / "field").glob("*/*.jpg"))
    random.Random(0).shuffle(pictures)
    quiet, sent = int(len(pictures) * QUIET_SHARE), min(run.options.pictures, int(len(pictures) * 0.15))
    return pictures[:quiet], pictures[quiet : quiet + sent], pictures[quiet + sent : quiet + 2 * sent]


def watch(run: Run, store: Path) -> dict[str, Any]:
    """Look at the store, say what the look has found, and keep it with its page in the folder of the step."""
    bundle, train_folder = run.artefact("training from a seed"), run.artefact("131 classes") / "train"
    page = ("--out", run.folder / "watch.html", "--training", train_folder)
    seen: dict[str, Any] = discern("watch", store, "--against", bundle, *page)
    for finding in (*seen["alarms"], *seen["clusters"]):
        print(f"    {finding['message']}")
    print(f"    {seen['exchanges']} exchanges, {seen['lost']} lost, {len(seen['alarms'])} alarms")
    write_json(run.folder / "watch.json", seen)
    return seen


@EXAMPLE.step("a quiet week")
def watch_quiet_week(run: Run) -> Path:
    """Let a week pass in which nothing happens, with seven looks, and see that there is no alarm.

    Its times are simulated; predictions, recorder and store are those of the server. More cherries and tomatoes are
    sold on Saturday and Sunday: the mix of classes is reported apart from the alarms.
    """
    bundle, store = run.artefact("training from a seed"), run.folder / "store"
    visits = plan_week(share_field(run)[0], seed=int(SEED))
    start = time.time() // DAY * DAY - 8 * DAY
    for day in range(7):
        keep_visits(bundle, store, [each for each in visits if each.time // DAY == day], start=start)
        seen = discern("watch", store, "--against", bundle)
        print(f"    day {day + 1}: {seen['exchanges']} exchanges, {len(seen['alarms'])} alarms")
        if seen["alarms"]:
            raise StepFailed(f"A quiet week has an alarm: {seen['alarms'][0]['message']}")
    watch(run, store)
    return run.folder


def send(run: Run, pictures: Sequence[Path], store: Path) -> list[dict[str, Any]]:
    """Send pictures to the server from four clients at once, and return the answers once all are in the store."""
    with ThreadPoolExecutor(4) as clients:
        answers = list(clients.map(lambda path: ask(run.memory.address, path), pictures))
    end = time.monotonic() + 60
    with closing(open_store(store)) as opened:
        while missing := [each["id"] for each in answers if not opened.has(each["id"])]:
            if time.monotonic() > end:
                raise StepFailed(f"{len(missing)} of {len(answers)} answers are not in the store.")
            time.sleep(0.2)
    print(f"    {len(answers)} answers, all of them in the store")
    return answers


@EXAMPLE.step("two workers with capture", in_memory=True)
def serve(run: Run) -> Path:
    """Serve the model with two processes that keep every exchange, before its answer leaves, in the same store.

    A customer corrects an answer, which is kept as well.
    """
    store = run.artefact("a quiet week") / "store"
    options = ("--workers", "2", "--capture", str(store), "--capture-spool", str(run.folder / "spool"))
    address = run.closing.enter_context(endpoint(run.artefact("training from a seed"), options=options))
    run.memory.address = address
    pictures = share_field(run)[1]
    answers = send(run, pictures, store)
    right = sum(answer["label"] == path.parent.name for answer, path in zip(answers, pictures, strict=True))
    print(f"    {right} of {len(answers)} are right")
    corrected = give_feedback(address, answers[0]["id"], pictures[0].parent.name)
    seen = watch(run, store)
    if seen["alarms"]:
        raise StepFailed(f"A quiet day has an alarm: {seen['alarms'][0]['message']}")
    return write_json(run.folder / "answers.json", {"answers": answers, "corrected": corrected})


@EXAMPLE.step("a new camera")
def change_camera(run: Run) -> Path:
    """Replace the camera by a cheap one under a warm lamp, and read what has changed from the alarms.

    The pictures are soft, dark and yellowish; the alarms name it, with the pictures that show it best.
    """
    store = run.artefact("a quiet week") / "store"
    send(run, see_with_new_camera(share_field(run)[2], run.folder / "pictures"), store)
    kinds = {each["kind"] for each in watch(run, store)["alarms"]}
    if not {"sharpness", "brightness"} & kinds:
        raise StepFailed(f"The new camera was not noticed: the alarms are {sorted(kinds)}.")
    return run.folder


@EXAMPLE.step("a new fruit")
def sell_new_fruit(run: Run) -> Path:
    """Sell a fruit that is in no class, see it named as a possible new class, and say what it is.

    The camera is the old one again. The film of the banana is rendered from one photograph.
    """
    store = run.artefact("a quiet week") / "store"
    run.step_data = "rendered"
    film = film_fruit(find_still(find_pack(OTHER_FRUIT)), run.folder / "banana", frames=NEW_FRUIT)
    answers = send(run, film, store)
    shown = {each["id"] for each in answers}
    clusters = [set(each["ids"]) for each in watch(run, store)["clusters"]]
    best = max(clusters, key=lambda each: len(each & shown), default=set())
    print(f"    {len(best & shown)} of the {len(best)} pictures of the cluster are bananas")
    if len(best & shown) < max(10, 0.85 * len(best)):
        raise StepFailed(f"The new fruit was not named: clusters of {[len(each) for each in clusters]}.")
    for each in sorted(best & shown):
        give_feedback(run.memory.address, each, "Banana", new=True)
    return run.folder


@EXAMPLE.step("monitor page")
def show_monitor(run: Run) -> Path:
    """Keep the monitor page of the server, with what it shows, and the figures for Prometheus."""
    address = run.memory.address
    for name, path in {"monitor.html": "monitor", "monitor.json": "monitor.json", "metrics.txt": "metrics"}.items():
        (run.folder / name).write_text(fetch_text(f"{address}/{path}"), encoding="utf-8")
    counted = [
        line for line in (run.folder / "metrics.txt").read_text(encoding="utf-8").splitlines() if "captured" in line
    ]
    print("\n".join(f"    {line}" for line in counted if not line.startswith("#")))
    return run.folder
