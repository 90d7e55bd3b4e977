"""Bicycle or motorcycle, at the loading bay?

A delivery company sends drivers with bicycles to one bay and those with motorcycles to another. The published project
trained SageMaker's built-in image classifier on two classes of CIFAR-100, put it behind a state machine of three
functions (serialize, classify, filter), captured its traffic and plotted its confidence. These are its steps, run with
Discern.
"""

import json
import random
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import boto3

import discern as api
from discern.shipping.lambda_function.function import LambdaFunction
from discern.shipping.lambda_function.function_settings import FunctionSettings
from examples.commands import discern
from examples.endpoint import endpoint
from examples.local_account import LocalAccount, aws_in_memory, receive
from examples.packs import find_pack
from examples.scones.batches import CLASSES, fetch
from examples.scones.captured_endpoint import capture
from examples.scones.other_vehicles import add_vehicles, write_pictures
from examples.steps import Example, Run, StepFailed, write_json

STEPS = (
    "fetch and unpack CIFAR",
    "subset",
    "PNGs",
    ".lst",
    "built-in training",
    "threshold filter",
    "state machine",
    "random test traffic",
    "notice on failure (SNS)",
    "many pictures in parallel (Map)",
    "more classes",
    "capture",
    "confidence plot over time",
    "notebook stopper",
)
PUBLISHED: dict[str, Any] = {
    "validation_accuracy": {"last": 0.85, "peak": 0.88},
    "threshold": 0.75,
    "captured_confidences": {"answers": 16, "lowest": 0.964},
    "note": "The validation set is the test set, and the threshold rejects none of the captured answers.",
}
NAMES = """\
label,name,spoken,route,alias
bicycle,Bicycle,a bicycle,bay 1,0
motorcycle,Motorcycle,a motorcycle,bay 2,1
"""
EXAMPLE = Example("scones", published=PUBLISHED, required=STEPS)
PER_DAY = "1000"
"""Pictures a day, for the bill."""
LIMIT = "2%"
"""Share of wrong answers among those that pass: one driver in fifty at the wrong bay."""


@EXAMPLE.step("fetch and unpack CIFAR")
def fetch_and_unpack(run: Run) -> Path:
    """Put the python batches into a folder: `meta`, `train` and `test`.

    They come from a local copy or from the network, with their checksums compared. Without either they are rebuilt, in
    the same format, from the pictures of the two classes at hand.
    """
    batches = run.folder / "cifar-100-python"
    run.data = fetch(run.options.data, batches)
    own = run.data == "original"
    print(f"    the checksums {'are' if own else 'are not'} those of CIFAR-100: the data are called {run.data!r}")
    return batches


@EXAMPLE.step("subset")
def take_two_classes(run: Run) -> Path:
    """Take two of the hundred classes.

    Discern reads the batches as they are, without running the code in the pickles, and decodes only the chosen classes.
    """
    table = api.read(run.artefact("fetch and unpack CIFAR"), classes=tuple(CLASSES)).table
    table = table.drop_nulls("label").select("path", "label", "part", "pixels")
    for (part, label), rows in sorted(table.group_by("part", "label")):
        print(f"    {part:<6} {label:<11} {len(rows):>4} pictures")
    table.write_csv(run.folder / "subset.csv")
    return run.folder / "subset.csv"


@EXAMPLE.step("PNGs")
def write_pngs(run: Run) -> Path:
    """Write one PNG for each picture, in folders by part and class.

    Discern does not need them, but people look at them, and other tools train on them.
    """
    pictures = run.folder / "pictures"
    write_pictures(run.artefact("fetch and unpack CIFAR"), pictures, tuple(CLASSES))
    return pictures


@EXAMPLE.step(".lst")
def write_lists(run: Run) -> Path:
    """Write the lists that SageMaker's built-in classifier takes: index, number of the class, file.

    `names.csv` says which class a number is, how it is called and where its driver goes.
    """
    shutil.copytree(run.artefact("PNGs"), run.folder / "pictures")
    for part in ("train", "test"):
        files = sorted((run.folder / "pictures" / part).glob("*/*.png"))
        numbers = [list(CLASSES).index(file.parent.name) for file in files]
        paths = [file.relative_to(run.folder).as_posix() for file in files]
        lines = [
            f"{index}\t{number}\t{path}\n" for index, (number, path) in enumerate(zip(numbers, paths, strict=True))
        ]
        (run.folder / f"{part}.lst").write_text("".join(lines), encoding="utf-8", newline="\n")
    (run.folder / "names.csv").write_text(NAMES, encoding="utf-8", newline="\n")
    return run.folder


@EXAMPLE.step("built-in training")
def train(run: Run) -> Path:
    """Train on the training list alone.

    The test pictures choose nothing: neither the model, nor its temperature, nor its threshold.
    """
    lists = run.artefact(".lst")
    options = ("--names", lists / "names.csv", "--at-most-wrong", LIMIT)
    trained = discern("train", lists / "train.lst", *options, "--name", "scones", "--runs", run.folder)
    print(f"    {trained['policy']['sentence']}")
    return Path(trained["bundle"])


@EXAMPLE.step("threshold filter")
def compare_filters(run: Run) -> Path:
    """Judge the model on the test part, and compare its own filter with a plain threshold of .75.

    The plain threshold passes whatever is confident. Discern's filter was set on training pictures so that at most 2 %
    of what passes is wrong; the test pictures tell whether it keeps that promise.
    """
    bundle, listed = run.artefact("built-in training"), run.artefact(".lst") / "test.lst"
    judged = discern("evaluate", bundle, listed, "--name", "test", "--runs", run.folder)
    run.ours = {name: judged["accuracy"][name] for name in ("value", "low", "high")}
    answers = api.open_run(run.folder / "test").answers
    passing = {
        "plain threshold of .75": answers.filter(answers["confidence"] >= PUBLISHED["threshold"]),
        f"at most {LIMIT} wrong": answers.filter(answers["decision"] == "accept"),
    }
    filters = {}
    for name, passed in passing.items():
        wrong = int((passed["answer"] != passed["label"]).sum())
        filters[name] = {"pictures": len(answers), "passed": len(passed), "wrong": wrong}
        print(f"    {name:<22} passes {len(passed)} of {len(answers)}, {wrong} of them wrong")
    return write_json(
        run.folder / "filter.json", {"accuracy": run.ours, "policy": judged["policy"], "filters": filters}
    )


def deploy(run: Run, bundle: Path) -> str:
    """Deploy a bundle as a Lambda function and return its ARN, as `discern ship lambda BUNDLE --yes` does on AWS."""
    function = LambdaFunction(api.load(bundle), FunctionSettings())
    run.closing.callback(function.close)
    account: LocalAccount = run.memory.account
    return account.deploy(f"discern-{bundle.parent.name}", function)


@EXAMPLE.step("state machine", in_memory=True)
def create_workflow(run: Run) -> Path:
    """Create the state machine: serialize, classify and filter.

    The account is in the memory of this process, where moto interprets the state machine and the deployed function
    answers. With credentials, the same command creates it on AWS.
    """
    bundle = run.artefact("built-in training")
    run.closing.enter_context(aws_in_memory())
    run.memory.account = LocalAccount()
    run.memory.function = deploy(run, bundle)
    place = ("--function", run.memory.function, "--bucket", LocalAccount.bucket)
    extras = ("--notify", "--review-prefix", "review", "--out", run.folder / "workflow")
    created = discern("ship", "workflow", bundle, *place, *extras, "--yes")["created"]
    run.memory.machine, run.memory.queue = created["state_machine"], run.memory.account.subscribe(created["topic"])
    return run.folder / "workflow"


def send(bundle: Path, machine: str, pictures: Path, record: Path) -> dict[str, Any]:
    """Send a folder of pictures through a state machine, and return the outcomes."""
    place = ("--state-machine", machine, "--bucket", LocalAccount.bucket, "--record", record)
    outcomes: dict[str, Any] = discern("ship", "workflow", bundle, "--traffic", pictures, *place)
    print(f"    {outcomes['counts']}")
    return outcomes


@EXAMPLE.step("random test traffic")
def send_test_pictures(run: Run) -> Path:
    """Send random test pictures, one execution each.

    An execution fails loudly, as THRESHOLD_CONFIDENCE_NOT_MET, for exactly those whose answer is not to be acted on.
    """
    bundle, pictures = run.artefact("built-in training"), run.artefact("PNGs") / "test"
    chosen = sorted(pictures.glob("*/*.png"))
    random.Random(0).shuffle(chosen)
    for picture in chosen[: run.options.pictures]:
        place = run.folder / "pictures" / picture.relative_to(pictures)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, place)
    outcomes = send(bundle, run.memory.machine, run.folder / "pictures", run.folder / "traffic.jsonl")
    for row in outcomes["rows"]:
        if row["outcome"] != ("accepted" if row["decision"] == "accept" else "below"):
            raise StepFailed(f"{row['path']} ended as {row['outcome']}, but the decision is {row['decision']}.")
    return run.folder / "traffic.jsonl"


def sent_pictures(run: Run) -> list[Path]:
    """Return the pictures that were sent as traffic, both classes mixed."""
    pictures = (run.artefact("random test traffic").parent / "pictures").glob("*/*.png")
    return sorted(pictures, key=lambda path: (path.name, path.parent.name))


@EXAMPLE.step("notice on failure (SNS)")
def receive_notice(run: Run) -> Path:
    """Send a picture that is cut off, and receive the notice of its failure from the SNS topic."""
    receive(run.memory.queue)  # those of the pictures below the threshold
    picture = next((run.artefact("PNGs") / "test").glob("*/*.png")).read_bytes()
    (run.folder / "broken").mkdir()
    (run.folder / "broken/cut.png").write_bytes(picture[: len(picture) // 2])
    send(run.artefact("built-in training"), run.memory.machine, run.folder / "broken", run.folder / "traffic.jsonl")
    notices = receive(run.memory.queue)
    if len(notices) != 1 or not notices[0]["state"]["s3_key"].endswith("cut.png"):
        raise StepFailed(f"One notice on cut.png was expected, but these were received: {notices}")
    print(f"    {notices[0]['state']['failure']['Error']}: {notices[0]['state']['s3_key']}")
    return write_json(run.folder / "notices.json", notices)


def execute(machine: str, state: dict[str, Any]) -> dict[str, Any]:
    """Execute a state machine, wait for its end and return its output."""
    states = boto3.client("stepfunctions")
    started = states.start_execution(stateMachineArn=machine, input=json.dumps(state))["executionArn"]
    while (found := states.describe_execution(executionArn=started))["status"] == "RUNNING":
        time.sleep(0.5)
    if found["status"] != "SUCCEEDED":
        raise StepFailed(f"The execution ended as {found['status']}: {found.get('error')} {found.get('cause')}")
    output: dict[str, Any] = json.loads(found["output"])
    return output


def outputs_of(machine: str) -> list[dict[str, Any]]:
    """Return the outputs of the executions of a state machine that succeeded."""
    states = boto3.client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="SUCCEEDED")
    ended = [each["executionArn"] for page in pages for each in page["executions"]]
    return [json.loads(states.describe_execution(executionArn=each)["output"]) for each in ended]


@EXAMPLE.step("many pictures in parallel (Map)")
def classify_many(run: Run) -> Path:
    """Classify many pictures in one execution, three of which cannot be read, without losing the others."""
    bundle, bucket = run.artefact("built-in training"), LocalAccount.bucket
    place = ("--function", run.memory.function, "--bucket", bucket)
    created = discern("ship", "workflow", bundle, "--map", *place, "--out", run.folder / "workflow", "--yes")["created"]
    items = [{"s3_bucket": bucket, "s3_key": f"missing/{number}.png"} for number in range(3)]
    for picture in sent_pictures(run):
        key = f"many/{picture.parent.name}/{picture.name}"
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=picture.read_bytes())
        items.append({"s3_bucket": bucket, "s3_key": key})
    output = execute(created["state_machine"], {"items": items})
    print(f"    {output['counts']}")
    if output["counts"]["failed"] != 3 or output["counts"]["pictures"] != len(items):
        raise StepFailed(f"Three of {len(items)} pictures should have failed: {output['counts']}")
    return write_json(run.folder / "many.json", output)


def gather_vehicles(run: Run) -> Path:
    """Gather pictures of four vehicles, of each class at most 100 for training and 30 for the test.

    Where less traffic is sent, they are fewer: 60 or more for training and 6 or more for the test.
    """
    vehicles = run.folder / "pictures"
    shutil.copytree(run.artefact("PNGs"), vehicles)
    batches = run.artefact("fetch and unpack CIFAR")
    run.step_data = add_vehicles(batches, vehicles, stand_ins=find_pack("cifar10"))
    sent = run.options.pictures
    for part, most in (("train", max(60, min(100, sent))), ("test", max(6, min(30, sent // 3)))):
        for folder in (vehicles / part).iterdir():
            for further in sorted(folder.iterdir())[most:]:
                further.unlink()
    return vehicles


@EXAMPLE.step("more classes")
def route_more_vehicles(run: Run) -> Path:
    """Train on four vehicles, and let a Choice state send each to a branch of its own."""
    vehicles, runs = gather_vehicles(run), ("--runs", run.folder)
    bundle = Path(discern("train", vehicles / "train", "--name", "more-vehicles", *runs)["bundle"])
    judged = discern("evaluate", bundle, vehicles / "test", "--name", "more-vehicles-test", *runs)
    place = ("--function", deploy(run, bundle), "--bucket", LocalAccount.bucket)
    created = discern("ship", "workflow", bundle, "--route-by", "label", *place, "--yes")["created"]
    for picture in (each for folder in (vehicles / "test").iterdir() for each in sorted(folder.iterdir())[:6]):
        (run.folder / "sample" / picture.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, run.folder / "sample" / picture.parent.name / picture.name)
    machine = created["state_machine"]
    outcomes = send(bundle, machine, run.folder / "sample", run.folder / "traffic.jsonl")
    outputs = [each for each in outputs_of(machine) if each["destination"] == each["answer"]["label"]]
    if len(outputs) != outcomes["counts"]["accepted"]:
        raise StepFailed("A vehicle was sent to the branch of another label.")
    branches = dict(sorted(Counter(each["destination"] for each in outputs).items()))
    print(f"    branches: {branches}")
    judged = {name: judged[name] for name in ("pictures", "labels", "accuracy")}
    return write_json(run.folder / "more-vehicles.json", judged | {"traffic": outcomes["counts"], "branches": branches})


@EXAMPLE.step("capture")
def capture_endpoint(run: Run) -> Path:
    """Ask an endpoint, and capture requests and answers as SageMaker does in front of it.

    `discern serve` is the endpoint, in a process of its own; on SageMaker the same command runs in the container.
    """
    with endpoint(run.artefact("built-in training")) as address:
        count = capture(address, sent_pictures(run), run.folder / "capture", name="scones")
    print(f"    {count} captured requests")
    return run.folder / "capture"


@EXAMPLE.step("confidence plot over time")
def plot_confidence(run: Run) -> Path:
    """Plot the captured confidences over time, with both thresholds; each point opens its picture."""
    page, plain = run.folder / "captured.html", PUBLISHED["threshold"]
    bundle = run.artefact("built-in training")
    found = discern("captured", run.artefact("capture"), "--out", page, "--bundle", bundle, "--threshold", plain)
    for name, each in found["thresholds"].items():
        print(
            f"    {name} threshold {each['value']:.2f}: {each['passed']} of {len(found['answers'])} are at or above it"
        )
    return page


@EXAMPLE.step("notebook stopper")
def stop_notebooks(run: Run) -> Path:
    """Stop the notebook instances that were left running, and compare what the model costs without them.

    They are billed by the hour, as an endpoint is. `BUDGET.md` has the bill of a thousand pictures a day, and
    `break_even.svg` the number from which a machine that always runs is cheaper than a function.
    """
    sagemaker = boto3.client("sagemaker")
    role = "arn:aws:iam::123456789012:role/notebooks"
    sagemaker.create_notebook_instance(NotebookInstanceName="scones", InstanceType="ml.t3.medium", RoleArn=role)
    before = discern("ship", "status")
    stopped = discern("ship", "stop-notebooks", "--yes")
    [state] = [each["NotebookInstanceStatus"] for each in sagemaker.list_notebook_instances()["NotebookInstances"]]
    if state != "Stopped":
        raise StepFailed(f"The notebook instance is {state}.")
    for each in before["resources"]:
        print(f"    {each['kind']:<14} {each['name']:<32} {each['per_hour'] or 0:.3f} $/h")
    print(f"    stopped: {', '.join(stopped['done'])}")
    write_json(run.folder / "stopped.json", {"before": before, "after": stopped})
    bundle = run.artefact("built-in training")
    bill = discern("cost", bundle, "--per-day", PER_DAY, "--out", run.folder)
    per_month = {row["target"]: row["per_month"] for row in bill["rows"]}
    for target in ("lambda-x86", "step-functions", "real-time-endpoint"):
        print(f"    {target:<18} {per_month[target]:>8,.2f} $ a month for {PER_DAY} pictures a day")
    return run.folder
