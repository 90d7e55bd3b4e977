"""Time of the monitor's and the audit's answers with a million exchanges, generated from a seed.

`python benchmarks/watching_monitor.py --rows 1000000` writes a store to a temporary folder (about 2 GB), publishes a
look with a queue of 500, and measures each answer as the server's thread computes it, without the network. `--folder`
keeps the store, and measures one that is there. Times of the clock hold for an idle machine.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.captured import make_look
from watching_store import SPAN, START, Generated, fill, peak_mib, taken_by

from discern.bundle import Model, load
from discern.inference.exchange import Exchange
from discern.serving.web.monitor_data import audit_json, exchange_json, monitor_json
from discern.watching.looking.published_looks import PublishedLook, publish
from discern.watching.stores.exchange_store import ExchangeStore
from discern.watching.stores.open_exchanges import open_store

DIMS = 16


class OfOneModel(Generated):
    """Generated exchanges that all are those of one model."""

    def __init__(self, rows: int, bundle: str) -> None:
        super().__init__(rows, DIMS)
        self.bundle = bundle

    def exchange(self, number: int) -> Exchange:
        return replace(super().exchange(number), bundle=self.bundle)


def measure(store: ExchangeStore, model: Model, generated: Generated) -> dict[str, Any]:
    """Publish a look, and measure the answers that a page fetches."""
    queue = [generated.exchange(number).id for number in range(0, generated.rows, max(1, generated.rows // 500))][:500]
    publish(
        store,
        model.fingerprint,
        PublishedLook().after(make_look(model.fingerprint, examples=queue), taken=1.0, seconds=1.0),
    )
    options: dict[str, Any] = {"model": model, "name": "fruit", "models": ["fruit"]}
    figures = partial(monitor_json, store, now=START + SPAN, **options)
    newest = figures(after=0)["points"]["number"]
    calls: dict[str, Callable[[], Any]] = {
        "/monitor.json, first": lambda: json.dumps(figures(after=0)),
        "/monitor.json, refresh": lambda: json.dumps(figures(after=newest[-10])),
        "/audit.json": lambda: json.dumps(audit_json(store, limit=10, skipped=frozenset(), **options)),
        "/monitor/exchanges/ID": lambda: exchange_json(store, queue[100]),
    }
    size = len(json.dumps(figures(after=0)))
    return {name: taken_by(call) for name, call in calls.items()} | {"bytes of /monitor.json": size}


def run(folder: Path, rows: int) -> dict[str, Any]:
    """Fill a store, unless it is filled already, and measure."""
    model = load(write_small(folder / "model.discern", name="fruit"))
    generated = OfOneModel(rows, model.fingerprint)
    with closing(open_store(folder / "captures", create=True)) as store:
        if not store.bundles():
            fill(store, generated)
        return {
            "rows": sum(store.bundles().values()),
            **measure(store, model, generated),
            "peak MiB": round(peak_mib()),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(json.dumps(run(folder, given.rows), indent=2))


if __name__ == "__main__":
    main()
