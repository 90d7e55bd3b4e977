"""Object store in memory, which counts what is read and can be interrupted."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from discern.buckets.object_store import ObjectFacts, RemoteObject
from discern.errors import CatalogError


class Interrupted(Exception):
    """Interruption of a transfer, as by a kill."""


class MemoryStore:
    """Bucket in memory, for the tests of everything above a store.

    Attributes:
        objects: content by key.
        reads: keys and ranges that were read.
        writes: keys that were written.
        fail_after: number of reads or writes after which `Interrupted` is raised; None for never.
        alters: number of reads that return another content.
    """

    def __init__(self, identity: str = "memory") -> None:
        self.identity = identity
        self.objects = dict[str, bytes]()
        self.reads = list[tuple[str, int, int]]()
        self.writes = list[str]()
        self.fail_after: int | None = None
        self.alters = 0
        self._lock = threading.Lock()

    def list(self, prefix: str) -> Iterator[RemoteObject]:
        for key in sorted(self.objects, key=str.encode):
            if key.startswith(prefix):
                yield RemoteObject(key, len(self.objects[key]), _md5(self.objects[key]))

    def read(self, found: RemoteObject, start: int, end: int) -> bytes:
        self._step()
        data = self.objects.get(found.key)
        if data is None or _md5(data) != found.etag:
            raise CatalogError(f"{found.key} has changed.")
        self.reads.append((found.key, start, end))
        if self.alters:
            self.alters -= 1
            return b"?" * (end - start)
        return data[start:end]

    def write(self, key: str, data: bytes) -> None:
        self._step()
        self.writes.append(key)
        self.objects[key] = data

    def write_file(self, key: str, path: Path, report: Callable[[int], None]) -> None:
        self.write(key, path.read_bytes())
        report(path.stat().st_size)

    def remove(self, key: str) -> None:
        self._step()
        self.objects.pop(key, None)

    def describe(self, found: RemoteObject) -> ObjectFacts:
        return ObjectFacts()

    def _step(self) -> None:
        with self._lock:
            if self.fail_after is not None:
                self.fail_after -= 1
                if self.fail_after < 0:
                    raise Interrupted


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
