"""All measurements in one go: tables on the screen, JSON in benchmarks/out/."""

import subprocess
import sys
import time
from pathlib import Path

SCRIPTS = (
    "packs",
    "heads",
    "logistic",
    "strangers",
    "copies",
    "robustness",
    "sizes",
    "promise",
    "limits",
    "gate",
    "faults",
    "ordered",
    "attacks",
    "fuzz",
    "scale",
    "batch",
    "parity",
    "browser",
    "serving",
    "overload",
    "hostile",
)


def main() -> None:
    wanted = sys.argv[1:] or SCRIPTS
    failed = []
    for name in wanted:
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
