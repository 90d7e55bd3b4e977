"""Download of a list of addresses: 2,000 on eight hosts of this machine, with errors, redirects and lies.

All addresses must be accounted for, with the outcome that the server prepared, endless bodies among them; no host may
have more requests at a time than its limit; pictures must be on disk with the digest that is stated. A second call
requests only what failed for now.

Usage: python benchmarks/collect_urls.py [--count 2000]. Linux only: the hosts are 127.0.0.1 to 127.0.0.8.
"""

import argparse
import csv
import hashlib
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import discern
from discern.collecting.downloads.host_limits import PER_HOST

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.unit.collecting.downloads.web_server import web_server

OUT = Path(__file__).parent / "out"
HOSTS = [f"127.0.0.{number}" for number in range(1, 9)]
KINDS = {
    "ok": "kept", "to/ok": "kept", "licensed": "kept", "flaky": "kept",
    "missing": "not_found", "secret": "forbidden", "loop": "bad_redirect", "file": "bad_redirect",
    "lie": "not_a_picture", "cut": "truncated", "empty": "empty", "huge": "too_large", "packed": "refused",
}  # fmt: skip
# Slow by design, as they are tried again or send until they are cut off: one each for each host.
RARE = {"endless": "too_large", "drop": "unreachable", "broken": "server_error"}


def addresses(count: int) -> list[tuple[str, str, str]]:
    """Host, path and expected outcome of each address: half are whole pictures, the other half is not."""
    plain, others = ["ok", "to/ok", "licensed"], list(KINDS)
    found = [(host, f"/{kind}/{at}", reason) for host in HOSTS for at, (kind, reason) in enumerate(RARE.items())]
    for number in range(count - len(found)):
        kind = plain[number // 2 % 3] if number % 2 else others[number // 2 % len(others)]
        found.append((HOSTS[number // 26 % len(HOSTS)], f"/{kind}/{number + 100}", KINDS[kind]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=2000)
    args = parser.parse_args()
    wanted = addresses(args.count)
    with tempfile.TemporaryDirectory() as scratch, web_server() as server:
        listing, out = Path(scratch) / "urls.csv", Path(scratch) / "out"
        urls = {server.url(path, host): reason for host, path, reason in wanted}
        listing.write_text("\n".join(["url,label", *(f"{url},thing" for url in urls)]))
        start, cpu = time.perf_counter(), time.process_time()
        result = discern.collect(listing, out=out, allow_hosts=HOSTS)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        first = sum(map(len, server.requests.values()))
        failed = {each["source"]: each["reason"] for each in result.failed}
        with (out / "metadata.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        whole = all(hashlib.sha256((out / row["file_name"]).read_bytes()).hexdigest() == row["sha256"] for row in rows)
        discern.collect(listing, out=out, allow_hosts=HOSTS)
        again = sum(map(len, server.requests.values())) - first
        kept = {row["source"] for row in rows}
        row = {
            "addresses": len(urls),
            "kept": result.kept,
            "left_out": result.left_out,
            "unaccounted": len(urls) - result.kept - sum(result.left_out.values()),
            "wrong_outcomes": sum(
                ("kept" if url in kept else failed.get(url)) != reason for url, reason in urls.items()
            ),
            "expected": dict(Counter(urls.values())),
            "digests_agree": whole,
            "most_at_a_time": dict(server.most),
            "limit": PER_HOST,
            "requests": first,
            "requests_of_second_call": again,
            "seconds": round(seconds, 1),
            "processor_seconds_with_the_server": round(cpu, 1),
            "peak_MiB_with_the_server": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        }
    print(json.dumps(row, indent=1))
    OUT.mkdir(exist_ok=True)
    (OUT / "collect_urls.json").write_text(json.dumps(row, indent=1))


if __name__ == "__main__":
    main()
