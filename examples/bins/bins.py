"""How many objects are in the bin?

A distribution centre keeps bins of one to five objects, which a robot carries. The published project trained three
models on photographs of the Amazon Bin Image Dataset, tuned one of them on its test part, and compared three endpoints.
These are its steps, run with Discern on rendered bins, or on the photographs where there is a local copy.
"""

import json
from pathlib import Path
from typing import Any

import discern as api
from examples.bins.listed_bins import fetch
from examples.bins.model_table import figures_of_models, write_model_page
from examples.commands import discern
from examples.endpoint import ask, endpoint
from examples.steps import Example, Run, StepFailed, write_json

STEPS = (
    "fetch by list",
    "70/20/10 per class",
    "simple model",
    "benchmark model",
    "ordinal model",
    "paired differences",
    "evaluation of each",
    "models behind one server",
)
PUBLISHED: dict[str, Any] = {
    "accuracy": {"simple": 0.287, "benchmark": 0.275, "tuned": 0.31},
    "note": "Tuned on the test part. The errors of the best model are larger than those of always answering 3.",
}
NOT_COMPARED = {"note": "The bins are rendered, so published figures, which are from photographs, are left out."}
EXAMPLE = Example("bins", published=PUBLISHED, required=STEPS)
PER_PICTURE = 10
"""Rendered bins for each that is sent to the server: the test part has a tenth of them."""
MODELS = ("simple", "benchmark", "ordinal")
SERVED = ("simple", "benchmark", "ordinal")
"""Models behind the server; the first is its default."""
LARGEST_DIFFERENCE = 1e-5
"""Of numbers in an answer, between a picture classified alone and among others."""


@EXAMPLE.step("fetch by list")
def fetch_by_list(run: Run) -> Path:
    """Fetch the listed bins: `file_list.json` names the metadata of each bin by the number of its objects.

    Without a local copy, bins are rendered in the same form and with the same share of each number. Their metadata say
    so, and so do the result and the page.
    """
    bins = run.folder / "bins"
    run.data = fetch(run.options.data, bins, count=PER_PICTURE * run.options.pictures)
    if run.data == "rendered":
        run.published = NOT_COMPARED
    print(f"    the data are called {run.data!r}")
    return bins


@EXAMPLE.step("70/20/10 per class")
def split_by_class(run: Run) -> Path:
    """Split the bins of each number into training, validation and test parts.

    The label is the key in the list, and copies of a picture stay in one part.
    """
    source, parts = run.artefact("fetch by list"), run.folder / "parts"
    made = discern("split", source, "--parts", "70/20/10", "--out", parts, "--runs", run.folder / "runs")
    for part in made["pictures"]:
        counts = {each.name: len(list(each.iterdir())) for each in sorted((parts / part).iterdir())}
        print(f"    {part:<11} {counts}")
    return parts


def train(run: Run, name: str, *options: str) -> Path:
    """Train a model on the parts, and return the folder of its run; the test part is only measured."""
    parts = run.artefact("70/20/10 per class")
    trained = discern("train", parts, *options, "--name", name, "--runs", run.folder)
    accuracy = trained["accuracy"]["leak_free"]
    print(f"    accuracy on the test part: {accuracy['value']:.3f}")
    return run.folder / name


@EXAMPLE.step("simple model")
def train_simple(run: Run) -> Path:
    """Train a small network from random weights, for a few epochs."""
    return train(run, "simple", "--method", "scratch", "--epochs", "12")


@EXAMPLE.step("benchmark model")
def train_benchmark(run: Run) -> Path:
    """Train a head on a network that knows photographs of other things."""
    return train(run, "benchmark")


@EXAMPLE.step("ordinal model")
def train_ordinal(run: Run) -> Path:
    """Train a head that knows the order of the numbers, so that 3 for 4 is a smaller error than 1 for 4."""
    return train(run, "ordinal", "--ordered", "numeric")


def runs_of(run: Run) -> dict[str, Path]:
    """Return the folders of the trained models by their names."""
    return {name: run.artefact(f"{name} model") for name in MODELS}


@EXAMPLE.step("paired differences")
def compare_models(run: Run) -> Path:
    """Compare the models on the same bins of the test part, and name the one to ship."""
    compared = discern("compare", *runs_of(run).values(), "--out", run.folder / "comparison.html")
    print(f"    {compared['recommended']['why']}")
    return write_json(run.folder / "comparison.json", compared)


@EXAMPLE.step("evaluation of each")
def evaluate_each(run: Run) -> Path:
    """Write accuracy, RMSE, MAE, macro-F1, classification report and confusion matrix of each model.

    The same figures of always answering with one number are beside them: an error that is larger says that a model has
    learned nothing.
    """
    table = {"data": run.data} | figures_of_models(runs_of(run))
    for each in (*table["models"], {"name": f"always {table['constant']['answer']}"} | table["constant"]):
        values = "  ".join(f"{name} {each[name]['value']:.3f}" for name in ("accuracy", "rmse", "mae", "macro_f1"))
        print(f"    {each['name']:<10} {values}")
    run.ours = {name: table["models"][-1]["accuracy"][name] for name in ("value", "low", "high")}
    write_json(run.folder / "models.json", table)
    compared = json.loads(run.artefact("paired differences").read_text(encoding="utf-8"))
    write_model_page(run.folder / "models.html", table, compared, data=run.data)
    return run.folder


def differences(served: dict[str, Any], predicted: dict[str, Any]) -> float:
    """Return the largest difference of the numbers in two answers.

    Raises:
        StepFailed: something else than a number differs.
    """
    numbers = ("confidence", "unknown_score", "probabilities")
    words = [{key: value for key, value in each.items() if key not in (*numbers, "id")} for each in (served, predicted)]
    if words[0] != words[1]:
        raise StepFailed(f"The server answered {words[0]}, but the model in Python {words[1]}.")
    found = [abs(served[name] - predicted[name]) for name in numbers[:2]]
    return max(*found, *(abs(each - predicted["probabilities"][key]) for key, each in served["probabilities"].items()))


@EXAMPLE.step("models behind one server")
def serve_models(run: Run) -> Path:
    """Serve three models with one server, ask each about test bins, and compare the answers with those in Python.

    `?model=NAME` chooses the model, so that one server replaces three endpoints that are billed by the hour.
    """
    bundles = {name: run.artefact(f"{name} model") / "model.discern" for name in SERVED}
    pictures = sorted((run.artefact("70/20/10 per class") / "test").glob("*/*"))[: run.options.pictures]
    models: dict[str, Any] = {}
    with endpoint(*(f"{name}={bundle}" for name, bundle in bundles.items())) as address:
        for name, bundle in bundles.items():
            served = [ask(address, picture, model=name) for picture in pictures]
            predicted = [each.to_json() for each in api.load(bundle).predict(pictures)]
            largest = max(differences(*each) for each in zip(served, predicted, strict=True))
            if largest > LARGEST_DIFFERENCE:
                raise StepFailed(f"The numbers of the server and of Python differ by {largest:.1e} for {name}.")
            right = sum(each["label"] == picture.parent.name for each, picture in zip(served, pictures, strict=True))
            models[name] = {"asked": len(pictures), "right": right, "largest_difference": largest}
            print(f"    ?model={name:<10} {right} of {len(pictures)} right, as in Python")
            write_json(run.folder / f"{name}.json", served)
    return write_json(run.folder / "server.json", {"data": run.data, "models": models})
