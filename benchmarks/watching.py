"""All measurements of watching, by name.

    python benchmarks/watching.py quiet|delays|changes|audit|promise|classes|store|monitor|looks|kills|throughput

quiet       false alarms over simulated years of weekly looks, beside a weekly test and a peer's check
delays      pictures until a shift is found
changes     the same for blur, dark, a new camera and a new class on real packs
audit       coverage of the interval, labels saved against uniform sampling, and audits until a broken promise
            is raised
promise     the same
classes     a class held back: when it is named, purity and recall
store       a store of a million exchanges: pages and queue
monitor     the answers of the monitor and the audit with a million exchanges
looks       a look at new exchanges from kept state, and its memory
kills       exchanges lost or doubled when the server is killed
throughput  serving with capture against serving without

What follows the name is passed on, such as `--help`.
"""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent
MODULES = {
    "quiet": "watching_drift",
    "delays": "watching_drift",
    "changes": "watching_drift",
    "audit": "watching_audit",
    "promise": "watching_audit",
    "classes": "watching_classes",
    "store": "watching_store",
    "monitor": "watching_monitor",
    "looks": "watching_looks",
    "kills": "watching_serving",
    "throughput": "watching_serving",
}
ALONE = ("watching_audit", "watching_classes", "watching_store", "watching_monitor", "watching_looks")
"""Modules with one measurement, which take no name."""


def main(arguments: list[str]) -> None:
    """Run the measurement that the first argument names."""
    name, *rest = arguments or ["--help"]
    if name not in MODULES:
        print(__doc__)
        sys.exit(0 if name in ("-h", "--help") else 2)
    module = MODULES[name]
    path = HERE / f"{module}.py"
    sys.argv = [str(path), *([] if module in ALONE else [name]), *rest]
    sys.path.insert(0, str(HERE))
    runpy.run_path(str(path), run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
