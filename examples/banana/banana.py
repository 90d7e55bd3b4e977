"""Ripeness of a banana, if it is one at all.

A shop asks its customers to photograph a banana, and tells them when to eat it. The published project trained a network
from scratch, one on top of ResNet and a tuned one, and let another network refuse what is not a banana. Its last
version answered from a function, after an endpoint had proved too dear. These are its steps, run with Discern.
"""

import base64
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import discern as api
from discern.shipping.lambda_function.function import LambdaFunction
from discern.shipping.lambda_function.function_settings import FunctionSettings
from examples.banana.gate import Gate, backbones_at_hand, gather_weights, measure_gate
from examples.banana.photos import gather_others, gather_photos
from examples.commands import discern
from examples.endpoint import ask, endpoint, fetch_text
from examples.steps import Example, Run, StepFailed, write_json

STEPS = (
    "photographs",
    "EDA",
    "audit",
    "parts",
    "baseline CNN",
    "transfer learning",
    "tuning",
    "comparison",
    "gate",
    "final function",
    "page",
    "cost",
)
PUBLISHED: dict[str, Any] = {
    "accuracy": {"CNN": 0.80, "ResNet101": 0.87, "tuned": 0.93},
    "pictures": {"all": 318, "test": 116},
    "note": "116 test pictures are more than the 20 % of 318 that were drawn, and copies stand in several parts.",
}
NAMES = """\
label,name,spoken,route,alias
green,Green banana,a green banana,wait a few days,
ripe,Ripe banana,a ripe banana,eat it today,
overripe,Overripe banana,an overripe banana,bake with it,
"""
EXAMPLE = Example("banana", published=PUBLISHED, required=STEPS)
ORDER = "green,ripe,overripe"
INPUT = ("--size", "224", "--fit", "crop")
"""Input of the published models: the centre of the picture."""
SPACE = """\
method = "probe"
epochs = 30
dropout = 0.2

[hidden]
type = "categorical"
values = [128, 256, 512]

[batch]
type = "categorical"
values = [8, 16, 32]

[lr]
type = "float"
low = 0.001
high = 0.1
log = true
"""
"""The search of the banana system, on the network at hand instead of ResNet-101 and ResNet-152, which need weights."""
PER_DAY = "1000"
"""Answers a day, for the bill."""


@EXAMPLE.step("photographs")
def gather(run: Run) -> Path:
    """Gather photographs of bananas, pictures of things that are none, and weights of a network, if they are at hand.

    Where fewer test pictures are to be sent, there are fewer of all pictures.
    """
    sent = run.options.pictures
    run.data = gather_photos(run.options.data, run.folder / "bananas", most=2 * sent)
    gather_others(run.folder / "not-bananas", most=5 * sent)
    gather_weights(run.folder / "weights")
    (run.folder / "names.csv").write_text(NAMES, encoding="utf-8", newline="\n")
    print(f"    the data are called {run.data!r}")
    return run.folder


@EXAMPLE.step("EDA")
def explore(run: Run) -> Path:
    """Look at the photographs: classes, sizes, shapes and colours, as a page and as figures for slides."""
    found = discern("check", run.artefact("photographs") / "bananas", "--plots", "--name", "eda", "--runs", run.folder)
    print(f"    {found['classes']}")
    return run.folder / "eda"


@EXAMPLE.step("audit")
def audit(run: Run) -> Path:
    """Count what is wrong with the photographs, and write the fixes by rule: copies and blurred ones are dropped.

    A picture with two labels is never judged by either; a person decides about it.
    """
    checked = run.artefact("EDA")
    findings = api.open_run(checked).findings
    counts = dict(findings["check"].value_counts(sort=True).iter_rows())
    for name, count in counts.items():
        print(f"    {name:<16} {count}")
    fixes = run.folder / "fixes.csv"
    fixed = discern("fix", checked, "--drop", "exact_copy,blurred", "--out", fixes)
    write_json(run.folder / "audit.json", {"findings": counts, "fix": fixed})
    return run.folder


@EXAMPLE.step("parts")
def split(run: Run) -> Path:
    """Split the fixed photographs, and keep three in ten for the test; copies stay in one part."""
    bananas, fixes = run.artefact("photographs") / "bananas", run.artefact("audit") / "fixes.csv"
    options = ("--parts", "60/10/30", "--fixes", str(fixes), *INPUT, "--out", run.folder / "parts")
    made = discern("split", bananas, *options, "--runs", run.folder / "runs")
    print(f"    {made['pictures']}")
    return run.folder / "parts"


def train(run: Run, name: str, *options: str | Path) -> Path:
    """Train a model with a gate, and return the folder of its run; the test part is only measured."""
    parts, photographs = run.artefact("parts"), run.artefact("photographs")
    words, others = photographs / "names.csv", photographs / "not-bananas/others"
    given: tuple[str | Path, ...] = ("--names", words, "--negatives", others, *INPUT, *options)
    trained = discern("train", parts, *given, "--name", name, "--runs", run.folder)
    print(f"    accuracy on the test part: {trained['accuracy']['leak_free']['value']:.3f}")
    return run.folder / name


@EXAMPLE.step("baseline CNN")
def train_cnn(run: Run) -> Path:
    """Train their small network from random weights; half the side and a third of their 30 epochs save time."""
    epochs = str(max(2, min(10, run.options.pictures // 6)))
    return train(run, "cnn", "--preset", "banana-cnn", "--size", "112", "--epochs", epochs)


def backbones_of(run: Run) -> dict[str, tuple[str, ...]]:
    """Return the options of each backbone that can be used, by its name; the last one is for transfer learning."""
    return backbones_at_hand(run.artefact("photographs") / "weights")


@EXAMPLE.step("transfer learning")
def train_transfer(run: Run) -> Path:
    """Train a head on a network that knows photographs: MobileNetV2 if its weights are at hand, else EfficientNet-Lite.

    The order of the stages is known, so that green for ripe is a smaller error than green for overripe.
    """
    *_, options = backbones_of(run).values()
    return train(run, "transfer", *options, "--ordered", ORDER)


@EXAMPLE.step("tuning")
def tune(run: Run) -> Path:
    """Search learning rate, batch size and hidden layer in their ranges, on held-out groups of the training part.

    Theirs ran twelve trials. Where fewer test pictures are to be sent, there are fewer trials.
    """
    *_, backbone = backbones_of(run).values()
    space = run.folder / "space.toml"
    space.write_text(SPACE, encoding="utf-8")
    trials = str(max(2, min(12, run.options.pictures // 8)))
    given = (*INPUT, *backbone, "--space", str(space), "--trials", trials)
    found = discern("tune", run.artefact("parts"), *given, "--name", "study", "--runs", run.folder)
    print(f"    {found['trials']['done']} trials; chosen: {found['best']['params']}")
    shutil.copytree(run.folder / "study/best", run.folder / "tuned")
    return run.folder / "tuned"


@EXAMPLE.step("comparison")
def compare_models(run: Run) -> Path:
    """Compare the models on the same photographs of the test part, and name the one to ship."""
    runs = (run.artefact(name) for name in ("baseline CNN", "transfer learning", "tuning"))
    compared = discern("compare", *runs, "--out", run.folder / "comparison.html")
    for each in compared["rows"]:
        print(f"    {each['name']:<10} {each['accuracy']['value']:.3f}")
    print(f"    {compared['recommended']['why']}")
    best = next(each for each in compared["rows"] if each["run"] == compared["recommended"]["run"])
    run.ours = best["accuracy"]
    return write_json(run.folder / "comparison.json", compared)


@EXAMPLE.step("gate")
def measure_gates(run: Run) -> Path:
    """Measure the gate of several backbones: the share of bananas that it keeps, and of other things that it rejects.

    Photographs of anything else set its threshold. Other fruits, on a white ground, had no part in that.
    """
    fruits = sorted((run.artefact("photographs") / "not-bananas/fruits").iterdir())[: run.options.pictures]
    *further, transfer = backbones_of(run)
    trained = {"none": run.artefact("baseline CNN"), transfer: run.artefact("transfer learning")}
    for name in further:
        trained[name] = train(run, name, *backbones_of(run)[name], "--ordered", ORDER)
    rows = [measure_gate(Gate(backbone=name, run=place), fruits) for name, place in trained.items()]
    for row in rows:
        figures = "  ".join(f"{figure} {row[figure]['value']:.3f}" for figure in ("auroc", "kept", "rejected"))
        print(f"    {row['backbone']:<22} {figures}  fruits rejected {row['fruits']['unknown']:.3f}")
    best = max(rows, key=lambda row: row["auroc"]["value"])
    shutil.copyfile(best["bundle"], run.folder / "model.discern")
    write_json(run.folder / "gate.json", {"rows": rows, "chosen": best["backbone"]})
    return run.folder


def shown(run: Run) -> dict[str, Path]:
    """Return a photograph of each stage, and one of something else."""
    photographs = run.artefact("photographs")
    found = {label: sorted((photographs / "bananas" / label).iterdir())[0] for label in ORDER.split(",")}
    return found | {"other": sorted((photographs / "not-bananas/others").iterdir())[0]}


def http_event(picture: Path) -> dict[str, Any]:
    """Return the event that API Gateway passes to a function for a picture."""
    return {
        "version": "2.0",
        "rawPath": "/predict",
        "requestContext": {"stage": "$default", "http": {"method": "POST"}},
        "headers": {"content-type": "application/octet-stream"},
        "body": base64.b64encode(picture.read_bytes()).decode(),
        "isBase64Encoded": True,
    }


@EXAMPLE.step("final function")
def package_function(run: Run) -> Path:
    """Build the package and the template of a Lambda function, and let the function answer events of an HTTP API.

    Nothing is created. Wheels for the function's platform are downloaded once; the function itself runs here.
    """
    bundle = run.artefact("gate") / "model.discern"
    planned = discern("ship", "lambda", bundle, "--out", run.folder / "lambda", "--dry-run", "--per-day", PER_DAY)
    print(f"    {planned['zipped_bytes'] / 1e6:.1f} MB zipped, {planned['unpacked_bytes'] / 1e6:.1f} MB unpacked")
    function, answers = LambdaFunction(api.load(bundle), FunctionSettings()), {}
    run.closing.callback(function.close)
    for name, picture in shown(run).items():
        response = function(http_event(picture))
        if response["statusCode"] != 200:
            raise StepFailed(f"The function answered {response['statusCode']} to {picture.name}: {response['body']}")
        answers[name] = json.loads(response["body"])
        print(f"    {name:<9} [{answers[name]['decision']}] {answers[name]['message']}")
    write_json(run.folder / "plan.json", planned)
    write_json(run.folder / "answers.json", answers)
    return run.folder


def same_answer(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Return True if two answers have the same label, decision and message."""
    return all(first[name] == second[name] for name in ("label", "decision", "message", "looks_like"))


@EXAMPLE.step("page")
def open_page(run: Run) -> Path:
    """Serve the page for phones, and ask what it asks: it gives the same answers as the function."""
    answers = json.loads((run.artefact("final function") / "answers.json").read_text(encoding="utf-8"))
    found = {}
    with endpoint(run.artefact("gate") / "model.discern") as address:
        (run.folder / "index.html").write_text(fetch_text(f"{address}/"), encoding="utf-8")
        for name, picture in shown(run).items():
            found[name] = ask(address, picture)
            if not same_answer(found[name], answers[name]):
                raise StepFailed(f"The page answers {found[name]}, but the function {answers[name]}.")
    print(f"    to something else it says: {found['other']['message']}")
    write_json(run.folder / "answers.json", found)
    return run.folder


@EXAMPLE.step("cost")
def estimate_cost(run: Run) -> Path:
    """Compare what a function and an endpoint cost: the endpoint is billed by the hour, asked or not."""
    bill = discern("cost", run.artefact("gate") / "model.discern", "--per-day", PER_DAY, "--out", run.folder)
    per_month = {row["target"]: row["per_month"] for row in bill["rows"]}
    for target in ("lambda-x86", "lambda-http-api", "real-time-endpoint"):
        print(f"    {target:<18} {per_month[target]:>8,.2f} $ a month for {PER_DAY} pictures a day")
    return run.folder
