"""Names, packets and files of each command: all that it sends beyond loopback, and all that it leaves.

    python benchmarks/outside_traffic.py [--seconds 60] [--only NAME ...]

Each command runs in a network namespace of its own, with a name server that answers every query, and with new folders
for home, cache and temporary files (`tests/network_namespace.py`). Three counts are independent of each other: packets
on the interface, nftables' counters, and the system calls that strace sees; the last two only if these are installed.
strace also lists the files that a command creates anywhere; those that still exist at the end are printed.
`engine alone` is the control: ONNX Runtime without Discern, which must be seen to report.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.e2e import product_session  # noqa: E402
from tests.e2e.drawn import write_negatives, write_shapes  # noqa: E402
from tests.network_namespace import Observed, missing_reason, observe  # noqa: E402

CONTROL = "engine alone"
RULES = """table inet outside {
  chain sent {
    type filter hook output priority 0;
    ip daddr != 127.0.0.0/8 counter
    ip6 daddr != ::1 counter
  }
}"""
CALLS = "connect,sendto,sendmsg,sendmmsg,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2"
_ADDRESS = re.compile(r'sa_family=AF_INET6?, .*?"([0-9a-fA-F.:]+)"')
_CREATED = re.compile(r'(?:O_CREAT.* = \d+<([^>]+)>|(?:mkdir|mkdirat|rename\w*)\(.*"(/[^"]+)"[^"]*\) = 0)')
_PYTHON = (sys.executable, "-m", "discern")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60, help="duration of the server and of the loaded model")
    parser.add_argument("--only", nargs="*", help="commands, by the names in the table")
    arguments = parser.parse_args()
    if why := missing_reason():
        print(f"skipped: {why}")
        return
    print(f"packets counted on the interface{', by nftables' if shutil.which('nft') else ''}", end="")
    print(f"{', and connections by strace' if shutil.which('strace') else ''}\n")
    print(f"{'command':<16}{'exit':>5}{'seconds':>9}{'names':>7}{'packets':>9}{'nftables':>10}{'strace':>8}{'left':>6}")
    with tempfile.TemporaryDirectory(prefix="outside-") as folder:
        found = {name: Counted(Path(folder), words) for name, words in chosen(Path(folder), arguments)}
        for name, counted in found.items():
            counted.observe().print_row(name)
    rows = {name: counted.to_json() for name, counted in found.items()}
    (HERE / "out").mkdir(exist_ok=True)
    (HERE / "out/outside_traffic.json").write_text(json.dumps(rows, indent=1))
    loud = [name for name, counted in found.items() if counted.is_silent() is (name == CONTROL)]
    sys.exit(f"not as expected: {', '.join(loud)}" if loud else 0)


def chosen(folder: Path, arguments: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    """List the commands in their order; later ones use the results of `train`."""
    photos, others = str(write_shapes(folder / "photos")), str(write_shapes(folder / "others", each=4, seed=5))
    write_negatives(folder / "negatives")
    picture, program = str(next(Path(others).rglob("*.png"))), [sys.executable, product_session.__file__]
    seconds, bundle = str(arguments.seconds), product_session.BUNDLE
    engine = product_session.copy_engine(folder)
    commands = {
        CONTROL: [sys.executable, "-c", "import onnxruntime, time; time.sleep(20)"],
        "check": [*_PYTHON, "check", photos],
        "train": [*_PYTHON, "train", photos, "--name", "product", "--negatives", str(folder / "negatives")],
        "serve": [*program, "serve", bundle, others, seconds],
        "load": [sys.executable, "-c", product_session.LOAD, bundle, picture, seconds],
        "demo": [sys.executable, str(HERE.parent / "tools/demo.py")],
        **{words[0]: [*_PYTHON, *words] for words in product_session.commands(photos, others, "", ())},
    }
    if engine:
        commands["export (local)"] = [*_PYTHON, "export", bundle, "local", "--runtime", engine]
    for name, words in commands.items():
        if not arguments.only or name in {*arguments.only, "train"}:
            yield name, words


class Counted:
    """Command with all that it sent and left."""

    def __init__(self, folder: Path, words: Sequence[str]) -> None:
        self._folder = folder
        self._words = words
        self._trace, self._counters = folder / "trace.txt", folder / "counters.json"
        self._found: Observed | None = None
        self.nft: int | None = None
        self.addresses: set[str] | None = None
        self.elsewhere: list[str] = []

    def observe(self) -> "Counted":
        """Run the command and count."""
        for path in (self._trace, self._counters):
            path.unlink(missing_ok=True)
        expected = [f"work/{name}" for name in product_session.RESULTS] + [self._trace.name, self._counters.name]
        environment = {name: text for name, text in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
        self._found = observe(self._folder, self._command(), environment=environment, expected=expected)
        if self._counters.exists():
            rules = json.loads(self._counters.read_text())["nftables"]
            statements = [each for rule in rules if "rule" in rule for each in rule["rule"]["expr"]]
            self.nft = sum(each["counter"]["packets"] for each in statements if "counter" in each)
        if self._trace.exists():
            self._read_trace()
        return self

    def _command(self) -> list[str]:
        """Wrap the command in those counters that are installed."""
        lines = []
        if shutil.which("nft"):
            (self._folder / "rules").write_text(RULES)
            lines = [f"nft -f {self._folder}/rules"]
        trace = f"strace -f -qq -y --seccomp-bpf -e trace={CALLS} -o {self._trace}" if shutil.which("strace") else ""
        lines += [f'{trace} "$@"', "code=$?"]
        if shutil.which("nft"):
            lines.append(f"nft -j list ruleset > {self._counters}")
        return ["sh", "-c", "\n".join([*lines, "exit $code"]), "sh", *self._words]

    def _read_trace(self) -> None:
        trace = self._trace.read_text(errors="replace")
        found = {ip_address(match) for match in _ADDRESS.findall(trace)}
        self.addresses = {str(each) for each in found if not each.is_loopback}
        created = {Path(path) for pair in _CREATED.findall(trace) for path in pair if path}
        shared = (self._folder, Path("/dev"), Path("/proc"), Path("/tmp"))
        outside = [path for path in created if not any(path.is_relative_to(each) for each in shared)]
        self.elsewhere = sorted(str(path) for path in outside if path.exists() and path.suffix != ".pyc")

    def is_silent(self) -> bool:
        """Return True if it sent nothing beyond loopback and left nothing outside cache and results."""
        assert self._found is not None
        sent = self._found.names or self._found.packets or self.nft or self.addresses or self._found.lost
        return not (sent or self._found.left or self.elsewhere or self._found.processes)

    def print_row(self, name: str) -> None:
        found = self._found
        assert found is not None
        calls = "-" if self.addresses is None else len(self.addresses)
        left = len(found.left) + len(self.elsewhere)
        nft = "-" if self.nft is None else self.nft
        print(f"{name:<16}{found.code!s:>5}{found.seconds:>9.1f}{len(found.names):>7}", end="")
        print(f"{len(found.packets):>9}{nft:>10}{calls:>8}{left:>6}", flush=True)
        details = [*(f"{key} after {after:.1f} s" for key, after in (found.names | found.packets).items())]
        for line in (*details, *found.left, *self.elsewhere, *found.processes):
            print(f"    {line.removeprefix(str(self._folder) + '/')}")
        if found.code:
            print(found.output[-500:])

    def to_json(self) -> dict[str, object]:
        assert self._found is not None
        addresses = None if self.addresses is None else sorted(self.addresses)
        return vars(self._found) | {"nftables": self.nft, "strace": addresses, "elsewhere": self.elsewhere}


if __name__ == "__main__":
    main()
