"""Commands in a network namespace of their own, with a record of all that they send and leave behind.

Within the namespace every address is local, so that a packet to any address can be sent and is recorded. A name server
answers every query with one address. Home, cache and temporary folders are new, and so are the folders shared by all
programs, such as `/tmp`, where that hides nothing that Python needs.
"""

import functools
import json
import os
import pwd
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SINKHOLE = "198.51.100.7"  # reserved for documentation
FRESH = {
    "HOME": "home",
    "XDG_CACHE_HOME": "cache",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_STATE_HOME": "state",
    "XDG_RUNTIME_DIR": "runtime",
    "TMPDIR": "tmp",
}
WORK = "work"
_UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
_REPORT = "report.json"
_GRACE = 0.3
_TCP, _UDP, _ICMP_REPLIES = 6, 17, (1, 58)


@dataclass(frozen=True)
class Observed:
    """Record of one command.

    Attributes:
        code: exit code; None if it was stopped after the time limit.
        output: standard output and standard error.
        seconds: duration.
        names: requested host names, each with the seconds until its first query.
        packets: destinations outside loopback such as "tcp 198.51.100.7:443", each with the seconds until the first.
        lost: packets on which the record says nothing, because it could not keep up.
        left: new files and folders outside Discern's own cache.
        processes: command lines of processes that outlived the command.
    """

    code: int | None
    output: str
    seconds: float
    names: dict[str, float]
    packets: dict[str, float]
    lost: int
    left: list[str]
    processes: list[str]


@functools.cache
def missing_reason() -> str:
    """Return the reason why no namespace can be created here; "" if one can."""
    if sys.platform != "linux":
        return "network namespaces exist on Linux only"
    if absent := [name for name in ("unshare", "mount", "ip") if shutil.which(name) is None]:
        return f"not installed: {', '.join(absent)}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            observe(Path(folder), ["true"])
        except OSError as error:
            return f"no network namespace can be created: {error}"
    return ""


def observe(
    folder: Path,
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] = os.environ,
    expected: Sequence[str] = (),
    timeout: float = 600,
) -> Observed:
    """Run a command in a namespace of its own, in `folder/work`.

    Args:
        folder: folder of everything; it may contain the results of earlier commands.
        command: program and arguments.
        environment: environment variables; those of home, cache and temporary folders are replaced.
        expected: paths relative to `folder` at or below which the command may create files.
        timeout: seconds after which it is stopped.

    Raises:
        OSError: the namespace cannot be created.
    """
    for name in (*FRESH.values(), WORK):
        (folder / name).mkdir(exist_ok=True)
    (folder / _REPORT).unlink(missing_ok=True)
    given = {
        "folder": str(folder),
        "command": list(map(str, command)),
        "timeout": timeout,
        "expected": list(expected),
        "needed": [__file__, *sys.path, sys.prefix, sys.base_prefix, *environment.get("PATH", "").split(":")],
        "home": pwd.getpwuid(os.geteuid()).pw_dir,
    }
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    done = subprocess.run(
        [*_UNSHARE, *as_root, sys.executable, "-I", __file__, json.dumps(given)],
        env={**environment, **{variable: str(folder / name) for variable, name in FRESH.items()}},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if not (folder / _REPORT).exists():
        raise OSError((done.stderr or done.stdout).strip().rpartition("\n")[2] or f"exit code {done.returncode}")
    return Observed(**json.loads((folder / _REPORT).read_text()))


def main() -> None:
    """Run as the first process of the namespace, with the arguments of `observe` as JSON."""
    given = json.loads(sys.argv[1])
    folder = Path(given["folder"])
    watched = [folder, *isolate(folder, given["home"], given["needed"])]
    record = Record()
    before = set(listing(watched))
    allowed = [folder / "cache" / "discern", *(folder / path for path in given["expected"])]
    code, output = run(given["command"], folder / WORK, given["timeout"])
    time.sleep(_GRACE)
    new = set(listing(watched)) - before
    found = {
        "code": code,
        "output": output,
        "seconds": record.age(),
        "names": record.names,
        "packets": record.packets,
        "lost": record.lost(),
        "left": sorted(str(path) for path in new if not any(path.is_relative_to(each) for each in allowed)),
        "processes": list(processes()),
    }
    (folder / _REPORT).write_text(json.dumps(found))


def isolate(folder: Path, home: str, needed: Sequence[str]) -> list[Path]:
    """Make every address local, the name server ours, and shared folders empty; return these folders."""
    call("ip", "link", "set", "lo", "up")
    call("ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo")
    if Path("/proc/net/if_inet6").exists():
        call("ip", "-6", "route", "add", "local", "::/0", "dev", "lo")
    descriptor = os.open(folder, os.O_PATH)
    with tempfile.TemporaryDirectory(dir=folder) as created:
        for name, line in {"resolv.conf": "nameserver 127.0.0.1\n", "nsswitch.conf": "hosts: files dns\n"}.items():
            (Path(created) / name).write_text(line)
            if Path("/etc", name).exists():
                call("mount", "--bind", f"{created}/{name}", f"/etc/{name}")
    shared = map(Path, ("/tmp", "/var/tmp", "/dev/shm", f"{home}/.cache", f"{home}/.config"))
    places = [Path(place).resolve() for place in needed]
    hidden = [path for path in shared if path.is_dir() and not any(each.is_relative_to(path) for each in places)]
    for path in hidden:
        call("mount", "-t", "tmpfs", "tmpfs", str(path))
    if not folder.exists():
        folder.mkdir(parents=True)
        call("mount", "--no-canonicalize", "--bind", f"/proc/{os.getpid()}/fd/{descriptor}", str(folder))
    return hidden


def call(*command: str) -> None:
    """Run a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:3])}: {done.stderr.strip() or done.returncode}")


def run(command: list[str], folder: Path, timeout: float) -> tuple[int | None, str]:
    """Run the observed command; return its exit code, None if it was stopped, and its output."""
    with (
        tempfile.TemporaryFile(dir=folder.parent) as output,
        subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            code = None
        output.seek(0)
        return code, output.read().decode(errors="replace")


def listing(folders: list[Path]) -> Iterator[Path]:
    """List all files and folders below folders."""
    for folder in folders:
        for path, inner, files in os.walk(folder):
            yield from (Path(path, name) for name in (*inner, *files))


def processes() -> Iterator[str]:
    """List the command lines of all other living processes of the namespace."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        except OSError:
            continue
        if int(path.name) != os.getpid() and words != [b""]:
            yield b" ".join(words).decode(errors="replace")


class Record:
    """Record of the names that are asked for and of the packets that do not stay on loopback."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.names: dict[str, float] = {}
        self.packets: dict[str, float] = {}
        self._server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._server.bind(("127.0.0.1", 53))
        self._sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self._sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        self._sniffer.bind(("lo", 3))
        for loop in (self._answer, self._listen):
            threading.Thread(target=self._repeat, args=(loop,), daemon=True).start()

    def age(self) -> float:
        """Return the seconds since the start."""
        return round(time.monotonic() - self._began, 2)

    def lost(self) -> int:
        """Return the number of packets that could not be recorded."""
        statistics: tuple[int, int] = struct.unpack("II", self._sniffer.getsockopt(263, 6, 8))
        return statistics[1]

    @staticmethod
    def _repeat(step: Callable[[], None]) -> None:
        while True:
            step()

    def _answer(self) -> None:
        query, client = self._server.recvfrom(4096)
        labels, place = [], 12
        while length := query[place]:
            labels.append(query[place + 1 : place + 1 + length].decode("latin-1"))
            place += 1 + length
        (kind,) = struct.unpack_from("!H", query, place + 1)
        self.names.setdefault(".".join(labels).lower(), self.age())
        address = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04" + socket.inet_aton(SINKHOLE) if kind == 1 else b""
        header = query[:2] + b"\x81\x80\0\x01" + struct.pack("!H", bool(address)) + bytes(4)
        self._server.sendto(header + query[12 : place + 5] + address, client)

    def _listen(self) -> None:
        packet, (_, _, direction, *_) = self._sniffer.recvfrom(128)
        destination = describe(packet) if direction == socket.PACKET_OUTGOING else ""
        if destination:
            self.packets.setdefault(destination, self.age())


def describe(packet: bytes) -> str:
    """Return protocol and destination of a packet that leaves loopback; "" for others, and for replies."""
    version, family = packet[0] >> 4, socket.AF_INET6
    if version == 4:
        family, protocol, inner = socket.AF_INET, packet[9], packet[4 * (packet[0] & 15) :]
        address = packet[16:20]
        local = address[0] == 127
    else:
        protocol, inner, address = packet[6], packet[40:], packet[24:40]
        local = address == bytes(15) + b"\1"
    reply = protocol in _ICMP_REPLIES or (protocol == _TCP and inner[13] & 0x12 != 0x02)
    if local or reply:
        return ""
    name = {_TCP: "tcp", _UDP: "udp"}.get(protocol)
    host = socket.inet_ntop(family, address)
    return f"{name} {host}:{struct.unpack_from('!H', inner, 2)[0]}" if name else f"protocol {protocol} {host}"


if __name__ == "__main__":
    main()
