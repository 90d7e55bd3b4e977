"""Deploy a bundle to a real AWS account, ask it, remove it again, and prove that nothing is left.

Usage: LIVE_AWS=yes python -m tools.live_aws BUNDLE PICTURES, or make live-aws LIVE_AWS=yes BUNDLE=... PICTURES=...

The account and the region are those of the environment. They are named first, and without LIVE_AWS=yes nothing else is
done. Each plan above the budget is refused. Whatever fails, all that was created is removed at the end.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import discern
from discern.buckets.account_clients import AccountClients, plain_errors
from discern.errors import DiscernError
from discern.shipping.aws.resource_kind import BUNDLE_TAG

CONFIRMATION = "LIVE_AWS"
FEWEST, MOST = 3, 6
TOLERANCE = 1e-3  # of a confidence, between processors
PER_DAY = "10"
WAIT_SECONDS = 120  # a new API and a new role are known everywhere after some seconds
REMOVALS = 3
SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".webp"}
REFUSED = 2


class FailedStepError(Exception):
    """A step did not do what it should."""


@dataclass(kw_only=True)
class Check:
    """Check of a bundle in an account.

    Attributes:
        bundle: path of the bundle.
        pictures: the pictures that are asked about, by their path below the folder.
        folder: folder with these pictures alone.
        budget: limit of each plan, such as "1USD".
        clients: clients of the account.
        model: the model, in this process.
    """

    bundle: Path
    pictures: dict[str, Path]
    folder: Path
    budget: str
    clients: AccountClients
    model: Any

    @property
    def name(self) -> str:
        """Return the name of the bundle, by which everything is tagged."""
        return str(self.model.manifest.name)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Context manager that times a step and prints its outcome."""
    start, outcome = time.monotonic(), "failed"
    try:
        yield
        outcome = "ok"
    finally:
        print(f"{outcome:<7}{name} ({time.monotonic() - start:.1f} s)", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check; the exit status is 0 if all steps succeeded, 1 if one failed, and 2 if none was begun."""
    options = parse(arguments)
    try:
        with TemporaryDirectory(prefix="discern-live-") as temporary:
            check = prepare(options, Path(temporary))
            if check is None:
                return REFUSED
            return run(check, options)
    except DiscernError as error:
        print(f"live-aws: {error}", file=sys.stderr)
        return REFUSED


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="live_aws", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("bundle", type=Path, help="a bundle, such as runs/NAME/model.discern")
    parser.add_argument("pictures", type=Path, help=f"folder with at least {FEWEST} pictures")
    parser.add_argument("--budget", default="1USD", help="limit of the first month of each plan")
    parser.add_argument("--threshold", default=".5001", help="confidence from which the workflow accepts an answer")
    parser.add_argument("--capture", help="s3:// address of captured requests to list, where an endpoint has some")
    parser.add_argument("--function", help="ARN of a function that runs already, instead of a new one")
    parser.add_argument("--url", help="address of that function")
    options = parser.parse_args(arguments)
    if (options.function is None) != (options.url is None):
        parser.error("--function and --url belong together")
    return options


def prepare(options: argparse.Namespace, temporary: Path) -> Check | None:
    """Name the account, and return the check, or None if it is not confirmed or the account is in use."""
    model, chosen = discern.load(options.bundle), choose(options.pictures)
    clients = AccountClients()
    with plain_errors():
        account = clients["sts"].get_caller_identity()["Account"]
    name, endpoint = model.manifest.name, os.environ.get("AWS_ENDPOINT_URL")
    print(f"account {account}, region {clients.region}{f', at {endpoint}' if endpoint else ''}")
    print(f"The bundle {name} will be deployed there for some minutes, for at most {options.budget} a plan,")
    print(f"asked about {len(chosen)} pictures, and everything with its name in the tag discern:bundle be removed.")
    if os.environ.get(CONFIRMATION) != "yes":
        print(f"Nothing was done. Set {CONFIRMATION}=yes to confirm this account and region.", file=sys.stderr)
        return None
    if present := discern.ship_status(bundle=name).resources:
        print(f"There is already {present[0].kind} {present[0].name} of a bundle of this name, which", file=sys.stderr)
        print("would be removed at the end. Remove it yourself, or rename the bundle.", file=sys.stderr)
        return None
    for path, place in chosen.items():
        (temporary / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place, temporary / path)
    return Check(
        bundle=options.bundle,
        pictures=chosen,
        folder=temporary,
        budget=options.budget,
        clients=clients,
        model=model,
    )


def choose(folder: Path) -> dict[str, Path]:
    """Choose pictures evenly from a folder, by their path below it."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if len(found) < FEWEST:
        raise DiscernError(f"{folder} has {len(found)} pictures, fewer than {FEWEST}.", hint="Pass another folder.")
    number = min(MOST, len(found))
    chosen = [found[len(found) * each // number] for each in range(number)]
    return {path.relative_to(folder).as_posix(): path for path in chosen}


def run(check: Check, options: argparse.Namespace) -> int:
    """Run all steps, and remove everything in the end."""
    used = clean = False
    try:
        use(check, options)
        used = True
    except (FailedStepError, DiscernError, LookupError) as error:
        print(f"live-aws: {error!r}" if isinstance(error, LookupError) else f"live-aws: {error}", file=sys.stderr)
    finally:
        clean = remove(check)
    print("All steps succeeded, and nothing is left." if used and clean else "The check FAILED.", flush=True)
    return 0 if used and clean else 1


def use(check: Check, options: argparse.Namespace) -> None:
    """Deploy the bundle, ask it over HTTP and through the workflow, and list captured answers."""
    bounded = ["--yes", "--per-day", PER_DAY, "--budget", check.budget]
    function, url = options.function, options.url
    if function is None:
        with step("ship lambda"):
            created = discern_command("ship", "lambda", check.bundle, *bounded)["created"]
            url = created["Url"]
            with plain_errors():
                found = check.clients["lambda"].get_function_configuration(FunctionName=created["FunctionName"])
            function = found["FunctionArn"]
    with step(f"ask about {len(check.pictures)} pictures over HTTP"):
        for path, place in check.pictures.items():
            compare(check, path, ask(f"{url.rstrip('/')}/predict", place.read_bytes()))
    with step("create a bucket"):
        bucket = create_bucket(check)
    with step("ship workflow"):
        given = ["--function", function, "--bucket", bucket, "--threshold", options.threshold]
        created = discern_command("ship", "workflow", check.bundle, *bounded, *given)["created"]
    with step("send traffic through the workflow"):
        send_traffic(check, created["state_machine"], bucket)
    if options.capture is None:
        print("skipped list captured answers: a function has no data capture; --capture names that of an endpoint")
        return
    with step("list captured answers"):
        discern_command("captured", options.capture, "--out", check.folder / "captured.html")


def ask(url: str, picture: bytes) -> dict[str, Any]:
    """Ask for the answer about a picture, and wait for an API that is not known everywhere yet."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        request = urllib.request.Request(url, picture, {"Content-Type": "application/octet-stream"})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except (OSError, ValueError) as error:
            final = (
                isinstance(error, urllib.error.HTTPError) and 400 <= error.code < 500 and error.code not in (403, 404)
            )
            if final or time.monotonic() > end:
                raise FailedStepError(f"{url} does not answer: {error}") from error
            time.sleep(3)


def compare(check: Check, path: str, answer: dict[str, Any]) -> None:
    """Raise unless an answer is that of the model in this process."""
    expected = check.model(check.pictures[path])
    same = (answer.get("label"), answer.get("decision")) == (expected.label, expected.decision)
    if not same or abs(float(answer["confidence"]) - expected.confidence) > TOLERANCE:
        said = f"{expected.label}, {expected.decision}, {expected.confidence:.4f}"
        raise FailedStepError(f"{path} has another answer than in Python ({said}): {json.dumps(answer)[:300]}")


def create_bucket(check: Check) -> str:
    """Create a private bucket for the pictures, with the tag by which it is removed."""
    client, region, name = check.clients["s3"], check.clients.region, f"discern-live-{uuid.uuid4().hex}"
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with plain_errors():
        client.create_bucket(Bucket=name, **place)
        try:
            client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": BUNDLE_TAG, "Value": check.name}]})
        except BaseException:
            client.delete_bucket(Bucket=name)  # without its tag, nothing else would remove it
            raise
    return name


def send_traffic(check: Check, machine: str, bucket: str) -> None:
    """Send the pictures through the workflow, and compare the labels."""
    record = check.folder.with_name(f"{check.folder.name}.jsonl")
    try:
        given = ["--state-machine", machine, "--bucket", bucket, "--record", record]
        found = discern_command("ship", "workflow", check.bundle, "--traffic", check.folder, *given)
    finally:
        record.unlink(missing_ok=True)
    outcomes = {row["path"]: row for row in found["rows"]}
    for path, place in check.pictures.items():
        row = outcomes.get(path, {})
        if row.get("label") != check.model(place).label:
            raise FailedStepError(f"{path} has another outcome than in Python: {json.dumps(row)[:300]}")


def remove(check: Check) -> bool:
    """Remove everything, and return whether nothing is left and all kinds of resources could be looked at."""
    left: list[Any] = ["unknown"]
    for _ in range(REMOVALS):
        try:
            with step("ship down"):
                discern_command("ship", "down", check.name, "--yes")
            with step("ship status: nothing is left"):
                found = discern_command("ship", "status", check.name)
                left = [*found["resources"], *found["unchecked"]]
                if left:
                    raise FailedStepError(f"left: {json.dumps(left)[:1000]}")
            return True
        except (FailedStepError, DiscernError) as error:
            print(f"live-aws: {error}", file=sys.stderr)
            time.sleep(5)
    print(f"NOT removed. Look at the account, and run `discern ship down {check.name} --yes`.", file=sys.stderr)
    return False


def discern_command(*arguments: object) -> dict[str, Any]:
    """Run a command of Discern, and return its JSON."""
    command = [sys.executable, "-m", "discern", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        found = {}
    if done.returncode or not found:
        reason = found.get("refusal") or "; ".join(found.get("failed", ())) or done.stderr.strip()[-600:]
        raise FailedStepError(f"`discern {' '.join(command[3:])}` failed: {reason}")
    return found


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is removed then, too
    sys.exit(main())
