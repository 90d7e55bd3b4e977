"""Asks a server, as many clients at once: the load of the benchmarks of serving.

Closed loops (each client asks again when it was answered) find what a server can do; an open loop (questions come when
they come, whoever is still waiting) shows what it does when that is not enough.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

BOUNDARY = "picture"


@dataclass
class Load:
    """What came back."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        times = sorted(self.latencies) or [float("nan")]
        return {
            "answered_per_s": round(len(self.latencies) / self.seconds, 1),
            **{f"p{q}_ms": round(1000 * times[min(len(times) - 1, len(times) * q // 100)], 1) for q in (50, 95, 99)},
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "refused_ms": round(1000 * statistics.median(self.refusals), 1) if self.refusals else None,
        }


def multipart(picture: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg'
    return f"{head}\r\n\r\n".encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()


def request(path: str, body: bytes, kind: str = f"multipart/form-data; boundary={BOUNDARY}") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Client:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, question: bytes) -> int:
        """Send a request and read its answer; 0 where the connection was lost."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(question)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            if "content-length:" in head:
                await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
            else:  # chunked
                while (size := int((await reader.readline()) or b"0", 16)) > 0:
                    await reader.readexactly(size + 2)
                await reader.readline()
            if "connection: close" in head:
                self.close()
            return int(head.split()[1])
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def closed_loop(port: int, questions: Sequence[bytes], clients: int, seconds: float) -> Load:
    """Ask with so many clients, each one question after the other."""
    load = Load()
    end = time.perf_counter() + seconds

    async def ask(number: int) -> None:
        client = Client(port)
        at = number
        while (begun := time.perf_counter()) < end:
            status = await client.ask(questions[at % len(questions)])
            note(load, status, time.perf_counter() - begun)
            at += clients
        client.close()

    begun = time.perf_counter()
    await asyncio.gather(*(ask(number) for number in range(clients)))
    load.seconds = time.perf_counter() - begun
    return load


async def open_loop(port: int, questions: Sequence[bytes], rate: float, seconds: float, most: int = 2000) -> Load:
    """Ask so many questions a second, whoever still waits; at most so many at once, as sockets have an end."""
    load = Load()
    idle: list[Client] = []
    asking: set[asyncio.Task[None]] = set()

    async def ask(question: bytes) -> None:
        client = idle.pop() if idle else Client(port)
        begun = time.perf_counter()
        status = await client.ask(question)
        note(load, status, time.perf_counter() - begun)
        idle.append(client)

    begun = time.perf_counter()
    sent = 0
    while (now := time.perf_counter() - begun) < seconds:
        while sent < now * rate:
            if len(asking) < most:
                task = asyncio.create_task(ask(questions[sent % len(questions)]))
                asking.add(task)
                task.add_done_callback(asking.discard)
            sent += 1
        await asyncio.sleep(0.002)
    await asyncio.gather(*asking)
    load.seconds = time.perf_counter() - begun  # until the last answer, as it counts, too
    return load


def note(load: Load, status: int, seconds: float) -> None:
    load.statuses[status] += 1
    (load.latencies if status == 200 else load.refusals).append(seconds)
