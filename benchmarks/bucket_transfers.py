"""Transfers between folders and buckets: time beside boto3 one by one, faults of the network, kills, and equality.

    python benchmarks/bucket_transfers.py [--files 5000] [--megabytes 500] [--only small|large|train|faults|kills ...]

It uses the server of AWS_ENDPOINT_URL and its credentials, and a new bucket there, which it removes; without that
variable it starts moto in a process of its own. Swift's s3api is a real server that verifies signatures
(`apt-get install swift swift-proxy swift-account swift-container swift-object`, one device, tempauth). Rates are those
of a server on the same cores, so that the ratio between both clients tells more than either.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import boto3
import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.bucket_server import environment  # noqa: E402
from tests.faulty_proxy import faulty_proxy  # noqa: E402

from discern.atomic import is_unfinished  # noqa: E402
from discern.flow.push import pull, push  # noqa: E402

PARTS = ("small", "large", "train", "faults", "kills")
_SERVER = """
import sys, time
from tests.bucket_server import bucket_server
with bucket_server() as url:
    print(url, flush=True)
    sys.stdin.read()
"""
_FAULTS = ("refuse", "drop", "cut", "slow")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bucket-transfers-") as temporary, server() as url, new_bucket() as bucket:
        work = Path(temporary)
        print(f"{options.files:,} pictures, {options.megabytes} MB file, server {url}")
        small, large = work / "small", work / "large"
        write_pictures(small, options.files)
        write_large(large, options.megabytes)
        if "small" in options.only:
            compare(small, bucket, work, ("push", "pull"), pack=True)
        if "large" in options.only:
            compare(large, bucket, work, ("push", "pull"), pack=False)
        if "train" in options.only:
            measure_train(small, bucket, work)
        if "faults" in options.only:
            measure_faults(small, large, bucket, work, url)
        if "kills" in options.only:
            measure_kills(small, large, bucket, work)


@contextmanager
def server() -> Iterator[str]:
    """Context manager for the given server, or moto in a process of its own."""
    if url := os.environ.get("AWS_ENDPOINT_URL"):
        yield url
        return
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE.parent
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
        with environment(AWS_ENDPOINT_URL=url, **keys):
            yield url
        process.kill()


@contextmanager
def new_bucket() -> Iterator[str]:
    """Context manager for an empty bucket, which is removed."""
    client, name = boto3.client("s3"), f"transfers-{os.urandom(4).hex()}"
    client.create_bucket(Bucket=name)
    try:
        yield name
    finally:
        with ThreadPoolExecutor(8) as threads:  # Swift refuses the call that deletes many
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
                keys = [each["Key"] for each in page.get("Contents", ())]
                list(threads.map(lambda key: client.delete_object(Bucket=name, Key=key), keys))
        for each in client.list_multipart_uploads(Bucket=name).get("Uploads", ()):
            client.abort_multipart_upload(Bucket=name, Key=each["Key"], UploadId=each["UploadId"])
        client.delete_bucket(Bucket=name)


def write_pictures(folder: Path, number: int) -> None:
    """Draw pictures of two classes, about 2 KB each: smooth noise, red or blue."""
    random = np.random.default_rng(0)
    for index in range(number):
        label = ("red", "blue")[index % 2]
        pixels = random.integers(0, 256, (6, 6, 3), np.uint8)
        pixels[..., 0 if label == "red" else 2] //= 3
        path = folder / label / f"{index:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).resize((96, 96), Image.Resampling.BICUBIC).save(path, quality=85)


def write_large(folder: Path, megabytes: int) -> None:
    folder.mkdir()
    block = os.urandom(1_000_000)
    with (folder / "film.mp4").open("wb") as file:
        for index in range(megabytes):
            file.write(index.to_bytes(4, "big") + block[4:])


def compare(folder: Path, bucket: str, work: Path, calls: Sequence[str], *, pack: bool) -> None:
    """Time each direction with boto3, one file after the other, and with Discern."""
    print(f"\n{folder.name}: {'seconds':>8} {'ratio':>6} {'processor':>9}")
    reference = dict[str, float]()
    out = work / "out"
    for call in calls:
        by_one = push_one_by_one if call == "push" else pull_one_by_one
        reference[call], _ = timed(f"{call} boto3", lambda by_one=by_one: by_one(folder, bucket, work / "boto3"), None)
    assert same(folder, work / "boto3")
    shutil.rmtree(work / "boto3")
    for name, options in (("", {}), *((("--pack", {"pack": True}),) if pack else ())):
        address = f"s3://{bucket}/ours/{folder.name}{name}"
        timed(f"push {name}", lambda o=options, a=address: push(folder, a, **o), reference["push"])
        timed(f"push {name} again", lambda o=options, a=address: push(folder, a, **o), reference["push"])
        timed(f"pull {name}", lambda a=address: pull(a, out), reference["pull"])
        assert same(folder, out)
        timed(f"pull {name} again", lambda a=address: pull(a, out), reference["pull"])
        shutil.rmtree(out)


def push_one_by_one(folder: Path, bucket: str, _: Path) -> None:
    client = boto3.client("s3")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            client.upload_file(str(path), bucket, f"{folder.name}/{path.relative_to(folder).as_posix()}")


def pull_one_by_one(folder: Path, bucket: str, out: Path) -> None:
    client = boto3.client("s3")
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder.name}/"):
        for each in page["Contents"]:
            path = out / each["Key"].removeprefix(f"{folder.name}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(bucket, each["Key"], str(path))


def timed(name: str, call: Callable[[], object], reference: float | None) -> tuple[float, object]:
    start, processor = time.perf_counter(), time.process_time()
    result = call()
    seconds, spent = time.perf_counter() - start, time.process_time() - processor
    ratio = "" if reference is None else f"{seconds / reference:.2f}"
    print(f"  {name:<20} {seconds:8.1f} {ratio:>6} {spent:9.1f}", flush=True)
    return seconds, result


def measure_train(folder: Path, bucket: str, work: Path) -> None:
    """Train from the folder, from the bucket twice, and from shards, and compare the bundles."""
    print("\ntrain: seconds, SHA-256 of the bundle, requests that fetch")
    push(folder, f"s3://{bucket}/train")
    push(folder, f"s3://{bucket}/packed", pack=True)
    digests = set()
    with faulty_proxy(os.environ["AWS_ENDPOINT_URL"], lambda *_: None) as proxy:
        sources = (str(folder), f"s3://{bucket}/train", f"s3://{bucket}/train", f"s3://{bucket}/packed")
        for index, source in enumerate(sources):
            before, start = len(proxy.requests), time.perf_counter()
            command = [sys.executable, "-m", "discern", "train", source, "--name", "same", "--json"]
            places = ["--runs", str(work / f"runs-{index}"), "--cache", str(work / "cache")]
            with environment(AWS_ENDPOINT_URL=proxy.url):
                done = subprocess.run([*command, *places], capture_output=True, text=True, check=True)
            bundle = Path(json.loads(done.stdout)["bundle"]).read_bytes()
            digest = hashlib.sha256(bundle).hexdigest()
            digests.add(digest)
            fetched = sum(method == "GET" and "list-type" not in path for method, path, _ in proxy.requests[before:])
            print(f"  {source:<40} {time.perf_counter() - start:7.1f} {digest[:16]} {fetched:6}", flush=True)
    assert len(digests) == 1, digests


def measure_faults(small: Path, large: Path, bucket: str, work: Path, url: str) -> None:
    """Transfer through a proxy of which every tenth response fails."""
    print("\nfaults of every tenth request: seconds, requests, faults")
    for fault in (*_FAULTS, "all"):
        numbers = count(1)

        def choose(*_: str, fault: str = fault, numbers: "count[int]" = numbers) -> str | None:
            number = next(numbers)
            kind = _FAULTS[number // 10 % len(_FAULTS)] if fault == "all" else fault
            return kind if number % 10 == 0 else None

        with faulty_proxy(url, choose) as proxy, environment(AWS_ENDPOINT_URL=proxy.url):
            for folder in (small, large):
                address, out, start = f"s3://{bucket}/{fault}/{folder.name}", work / "faulty", time.perf_counter()
                push(folder, address)
                pull(address, out)
                assert same(folder, out)
                shutil.rmtree(out)
                faults = sum(each is not None for _, _, each in proxy.requests)
                seconds = time.perf_counter() - start
                print(f"  {fault:<7} {folder.name:<6} {seconds:7.1f} {len(proxy.requests):6} {faults:5}", flush=True)


def measure_kills(small: Path, large: Path, bucket: str, work: Path) -> None:
    """Kill push and pull at moments of their course, then run them to their end."""
    print("\nkills: files or bytes that were kept; what is under a final name is whole")
    for folder in (small, large):
        address, out = f"s3://{bucket}/killed/{folder.name}", work / "killed"
        for call, command in (("push", [str(folder), address]), ("pull", [address, str(out)])):
            kills = 0
            for seconds in (1.5, 2.0, 2.5, 3.0):
                kills += killed_after(seconds, [call, *command])
                if call == "pull" and out.exists():
                    assert whole(folder, out)
            done = subprocess.run(
                [sys.executable, "-m", "discern", call, *command, "--json"], capture_output=True, text=True, check=True
            )
            result = json.loads(done.stdout)
            kept = f"{result['resumed']} of {result['files']} files"
            print(f"  {call} {folder.name:<6} {kills} kills, then resumed {kept}", flush=True)
        assert same(folder, out)
        shutil.rmtree(out)


def killed_after(seconds: float, command: Sequence[str]) -> bool:
    process = subprocess.Popen([sys.executable, "-m", "discern", *command], stdout=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file() and not is_unfinished(each.name)
    }


def same(folder: Path, other: Path) -> bool:
    return content(folder) == content(other)


def whole(folder: Path, part: Path) -> bool:
    given = content(folder)
    return all(given[name] == data for name, data in content(part).items())


if __name__ == "__main__":
    main()
