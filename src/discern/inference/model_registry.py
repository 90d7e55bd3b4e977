"""Registry of the model bundles that a server offers, with reloading of changed files."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from discern.bundle import Model, Picture, archive
from discern.bundle.url_paths import reject_address
from discern.errors import BundleError, NotFound, UsageError
from discern.inference.batch_config import BatchConfig
from discern.inference.batcher import Batcher, BatcherClosed, BatchResult
from discern.inference.bundle_trial import BundleTrial, TrialCancelled, TrialLimits
from discern.inference.free_memory import release_free_memory
from discern.inference.verified_model import require_verified
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
        digest: SHA-256 digest of its content.
    """

    name: str
    path: Path
    batcher: Batcher
    digest: bytes

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
        trial_limits: limits on the trial of a bundle that replaces another.

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
        trial_limits: TrialLimits = TrialLimits(),  # noqa: B008 - frozen
    ) -> None:
        if not bundles:
            raise UsageError("There is no bundle to serve.", hint="Pass one, such as runs/NAME/model.discern.")
        self._limits = limits
        self._batching = batching
        self._trial = BundleTrial(limits=limits, max_batch=batching.max_batch, trial_limits=trial_limits)
        self._reloading, self._replacing = threading.Lock(), threading.Lock()
        self._closed = False
        self._served: dict[str, ServedModel] = {}
        self._stamps: dict[str, FileStamp | None] = {}  # of the files as they were last read
        self._rejected: dict[str, bytes] = {}  # digests of files
        for each in bundles:
            name, path = _split(each)
            served = self._load(name, path)
            if served.name in self._served:
                raise UsageError(
                    f"Two bundles are named {served.name}: {self._served[served.name].path} and {path}.",
                    hint=f"Serve one of them under another name: other={path}.",
                )
            self._served[served.name] = served
        release_free_memory()

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
        """Reload the served model bundles from disk, each after a trial in a helper process.

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
            for name in list(self._served):
                try:
                    if self._reload(name, changed_only=changed_only):
                        replaced.append(name)
                except TrialCancelled:
                    raise
                except BundleError as error:
                    failures.append(error)
        if failures:
            raise failures[0]
        return replaced

    def _reload(self, name: str, *, changed_only: bool) -> bool:
        """Replace a served bundle by its file, and return False if that is not a new one."""
        old, stamp = self._served[name], file_stamp(self._served[name].path)
        if changed_only and stamp in (None, self._stamps.get(name)):
            return False
        self._stamps[name] = stamp
        data = archive.read_bundle(old.path)
        digest = hashlib.sha256(data).digest()
        if changed_only and digest in (old.digest, self._rejected.get(name)):  # such as a file that was copied again
            return False
        self._rejected[name] = digest
        self._trial.run(data, old.path)
        # From the bytes that were tried, as the file may change meanwhile.
        self._replace(old, self._open(name, old.path, data))
        del self._rejected[name]
        old.batcher.close()
        del old, data
        release_free_memory()
        return True

    def _replace(self, old: ServedModel, new: ServedModel) -> None:
        with self._replacing:
            if not self._closed:
                self._served[old.name] = new
                return
        new.batcher.close()
        raise TrialCancelled(old.path)

    def cancel_reload(self) -> None:
        """Cancel the trial of a bundle that is being reloaded, and reject further reloads."""
        self._trial.close()

    def close(self) -> None:
        """Cancel a reload in progress, reject new images and wait for all submitted ones."""
        with self._replacing:
            self._closed = True
        self.cancel_reload()
        for served in self._served.values():
            served.batcher.close()

    def _load(self, name: str | None, path: Path) -> ServedModel:
        stamp = file_stamp(path)
        served = self._open(name, path, archive.read_bundle(path))
        require_verified(served.model, path)
        self._stamps[served.name] = stamp
        return served

    def _open(self, name: str | None, path: Path, data: bytes) -> ServedModel:
        members = archive.unpack_bytes(data, path)
        model = Model(members, threads=1, limits=self._limits)
        cores = self._batching.threads or count_cores()
        multithreaded = Model(members, threads=cores, limits=self._limits) if cores > 1 else None
        return ServedModel(
            name=name or model.manifest.name,
            path=path,
            batcher=Batcher(model, multithreaded=multithreaded, batching=self._batching),
            digest=hashlib.sha256(data).digest(),
        )


def _split(bundle: str | Path) -> tuple[str | None, Path]:
    if isinstance(bundle, str) and "=" in bundle and not Path(bundle).exists():
        name, _, path = bundle.partition("=")
        return name, _local(path)
    return None, _local(bundle)


def _local(bundle: str | Path) -> Path:
    path = archive.local_bundle(bundle)
    reject_address(path)
    return path
