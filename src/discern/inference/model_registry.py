"""Registry of the model bundles that a server offers, with reloading of changed files."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from discern.bundle import Model, Picture, archive
from discern.errors import BundleDamaged, BundleError, NotFound, UsageError
from discern.inference.batch_config import BatchConfig
from discern.inference.batcher import Batcher, BatcherClosed, BatchResult
from discern.parallel import count_cores
from discern.picture import Limits

FileStamp = tuple[int, int, int]
"""A file's modification time in nanoseconds, size and inode: they change when it is written or replaced."""


def file_stamp(path: Path) -> FileStamp | None:
    """Return the modification time, size and inode of a file, or None if it is inaccessible."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """Model bundle that is served under a name, with its batcher.

    Attributes:
        name: the name that requests use.
        path: the bundle's file.
        batcher: the model and its threads.
        stamp: the file's stamp when it was read.
    """

    name: str
    path: Path
    batcher: Batcher
    stamp: FileStamp | None

    @property
    def model(self) -> Model:
        """Return the loaded model."""
        return self.batcher.model


class ModelRegistry:
    """Registry of served model bundles by name, of which the first is the default.

    Args:
        bundles: paths, or `NAME=PATH`; without a name the bundle's own is used.
        limits: limits on the size of pictures.
        batching: settings of each bundle's batcher.

    Raises:
        BundleError: a bundle cannot be read, or does not reproduce its golden vectors on this machine.
        UsageError: there is no bundle, or two have the same name.
    """

    def __init__(
        self,
        bundles: Sequence[str | Path],
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        batching: BatchConfig = BatchConfig(),  # noqa: B008 - frozen
    ) -> None:
        if not bundles:
            raise UsageError("There is no bundle to serve.", hint="Pass one, such as runs/NAME/model.discern.")
        self._limits = limits
        self._batching = batching
        self._reloading = threading.Lock()
        self._served: dict[str, ServedModel] = {}
        self._rejected: dict[str, FileStamp | None] = {}
        for each in bundles:
            name, path = _split(each)
            served = self._load(name, path)
            if served.name in self._served:
                raise UsageError(
                    f"Two bundles are named {served.name}: {self._served[served.name].path} and {path}.",
                    hint=f"Serve one of them under another name: other={path}.",
                )
            self._served[served.name] = served

    @property
    def served(self) -> Mapping[str, ServedModel]:
        """Return the served model bundles by name, in the given order."""
        return dict(self._served)

    def get(self, name: str | None = None) -> ServedModel:
        """Return the served model bundle with a name, by default the first.

        Raises:
            NotFound: no bundle has that name.
        """
        if name is None:
            return next(iter(self._served.values()))
        try:
            return self._served[name]
        except KeyError:
            raise NotFound(
                f"No model is named {name!r} here.", hint=f"Available models: {', '.join(self._served)}."
            ) from None

    def submit_all(
        self, pictures: Sequence[Picture], *, served: ServedModel | None = None, evidence: bool = False
    ) -> "list[Future[BatchResult]]":
        """Submit images to a served model, all or none (see `Batcher.submit_all`).

        Args:
            pictures: the pictures.
            served: a bundle, as `get` returned it; the first by default. If it was reloaded since, the new one is used.
            evidence: also localise each prediction.
        """
        served = served or self.get()
        while True:
            try:
                return served.batcher.submit_all(pictures, evidence=evidence)
            except BatcherClosed:
                current = self.get(served.name)
                if current is served:
                    raise
                served = current

    def reload(self, *, changed_only: bool = False) -> list[str]:
        """Reload the served model bundles from disk.

        Each old bundle first finishes the pictures submitted to it.

        Args:
            changed_only: skip bundles whose file has not changed since it was loaded or failed to load.

        Returns:
            The names of the bundles that were replaced.

        Raises:
            BundleError: a bundle cannot be used; the old one stays, and the others are replaced.
        """
        replaced, failures = [], []
        with self._reloading:
            for name, old in list(self._served.items()):
                stamp = file_stamp(old.path)
                if changed_only and stamp in (None, old.stamp, self._rejected.get(name)):
                    continue
                try:
                    self._served[name] = self._load(name, old.path)
                except BundleError as error:
                    self._rejected[name] = stamp
                    failures.append(error)
                    continue
                old.batcher.close()
                replaced.append(name)
        if failures:
            raise failures[0]
        return replaced

    def close(self) -> None:
        """Reject new images and wait for all submitted ones."""
        for served in self._served.values():
            served.batcher.close()

    def _load(self, name: str | None, path: Path) -> ServedModel:
        stamp = file_stamp(path)
        members = archive.unpack(path)  # once, so that both models are the same even if the file changes meanwhile
        model = Model(members, threads=1, limits=self._limits)
        if not model.verify().passed:
            raise BundleDamaged(
                f"{path} does not reproduce its golden vectors on this machine.",
                hint="Run `discern verify` and `discern doctor`.",
            )
        cores = self._batching.threads or count_cores()
        multithreaded = Model(members, threads=cores, limits=self._limits) if cores > 1 else None
        batcher = Batcher(model, multithreaded=multithreaded, batching=self._batching)
        return ServedModel(name=name or model.manifest.name, path=path, batcher=batcher, stamp=stamp)


def _split(bundle: str | Path) -> tuple[str | None, Path]:
    if isinstance(bundle, str) and "=" in bundle and not Path(bundle).exists():
        name, _, path = bundle.partition("=")
        return name, Path(path)
    return None, Path(bundle)
