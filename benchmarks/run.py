"""Run the benchmarks: tables on the terminal, JSON in benchmarks/out/.

Usage: python benchmarks/run.py [NAME ...]; default: all.
"""

import subprocess
import sys
import time
from pathlib import Path

SCRIPTS = (
    "pack_accuracy",
    "head_accuracy",
    "logistic_regression",
    "unknown_auroc",
    "copies",
    "tiles",
    "unlike",
    "film_borders",
    "film_frames",
    "collect_urls",
    "burst_links",
    "robustness",
    "backbone_sizes",
    "risk_control_simulation",
    "interval_coverage",
    "policy_validity",
    "split_draws",
    "realised",
    "unknown_tuning",
    "issue_detection",
    "ordinal_labels",
    "odd_pictures",
    "hostile_inputs",
    "forged_bundles",
    "fuzz",
    "fuzz_bundles",
    "scaling",
    "neighbour_order",
    "train_speed",
    "batch_prediction",
    "endpoint_parity",
    "browser_parity",
    "server_throughput",
    "overload",
    "hostile_traffic",
    "outside_traffic",
    "reload_memory",
)


def main() -> None:
    names = sys.argv[1:] or SCRIPTS
    failed = []
    for name in names:
        print(f"\n=== {name} ===", flush=True)
        start = time.perf_counter()
        script = Path(__file__).with_name(f"{name}.py")
        if subprocess.run([sys.executable, str(script)], check=False).returncode:
            failed.append(name)
        print(f"({time.perf_counter() - start:.0f} s)", flush=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
