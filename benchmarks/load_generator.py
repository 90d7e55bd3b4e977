"""Load generator for the server benchmarks.

A closed loop (each client sends its next request after the response) measures capacity; an open loop (requests arrive
at a fixed rate, whatever is still pending) shows the behaviour under overload.
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
    """Statuses and latencies of the responses, in seconds."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    rejections: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        times = sorted(self.latencies) or [float("nan")]
        return {
            "responses_per_s": round(len(self.latencies) / self.seconds, 1),
            **{f"p{q}_ms": round(1000 * times[min(len(times) - 1, len(times) * q // 100)], 1) for q in (50, 95, 99)},
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "rejected_ms": round(1000 * statistics.median(self.rejections), 1) if self.rejections else None,
        }


def multipart(picture: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg'
    return f"{head}\r\n\r\n".encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()


def request(path: str, body: bytes, content_type: str = f"multipart/form-data; boundary={BOUNDARY}") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


class Client:
    """HTTP client with one persistent connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, data: bytes) -> int:
        """Send a request and return the status of its response; 0 if the connection was lost."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(data)
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


async def closed_loop(port: int, requests: Sequence[bytes], clients: int, seconds: float) -> Load:
    """Run `clients` concurrent clients, each sending one request after the other."""
    load = Load()
    end = time.perf_counter() + seconds

    async def send(number: int) -> None:
        client = Client(port)
        index = number
        while (started := time.perf_counter()) < end:
            status = await client.send(requests[index % len(requests)])
            record(load, status, time.perf_counter() - started)
            index += clients
        client.close()

    started = time.perf_counter()
    await asyncio.gather(*(send(number) for number in range(clients)))
    load.seconds = time.perf_counter() - started
    return load


async def open_loop(port: int, requests: Sequence[bytes], rate: float, seconds: float, max_pending: int = 2000) -> Load:
    """Send `rate` requests per second, with at most `max_pending` pending at a time."""
    load = Load()
    idle: list[Client] = []
    pending: set[asyncio.Task[None]] = set()

    async def send(data: bytes) -> None:
        client = idle.pop() if idle else Client(port)
        started = time.perf_counter()
        status = await client.send(data)
        record(load, status, time.perf_counter() - started)
        idle.append(client)

    started = time.perf_counter()
    sent = 0
    while (now := time.perf_counter() - started) < seconds:
        while sent < now * rate:
            if len(pending) < max_pending:
                task = asyncio.create_task(send(requests[sent % len(requests)]))
                pending.add(task)
                task.add_done_callback(pending.discard)
            sent += 1
        await asyncio.sleep(0.002)
    await asyncio.gather(*pending)
    load.seconds = time.perf_counter() - started  # up to the last response
    return load


def record(load: Load, status: int, seconds: float) -> None:
    load.statuses[status] += 1
    (load.latencies if status == 200 else load.rejections).append(seconds)
