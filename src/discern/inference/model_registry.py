"""Several bundles by name, each replaced while it answers."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from discern.bundle import Model, Picture, archive
from discern.errors import BundleDamaged, BundleError, NotFound, UsageError
from discern.inference.batcher import BatchConfig, Batcher, BatcherClosed, BatchResult
from discern.inference.file_stamp import FileStamp, file_stamp
from discern.parallel import count_cores
from discern.picture import Limits


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A bundle that is being served.

    Attributes:
        name: what it is asked for by.
        path: where it was read from.
        batcher: the model and its threads.
        stamp: of the file when it was read.
    """

    name: str
    path: Path
    batcher: Batcher
    stamp: FileStamp | None

    @property
    def model(self) -> Model:
        """The model that answers."""
        return self.batcher.model


class ModelRegistry:
    """The bundles that are served; the first is asked where none is named.

    Args:
        bundles: paths, or `NAME=PATH`; without a name it is the bundle's own.
        limits: what pictures are refused.
        batching: how work is taken up.

    Raises:
        BundleError: one cannot be used, or does not answer here as it did where it was made.
        UsageError: there is none, or two have one name.
    """

    def __init__(
        self,
        bundles: Sequence[str | Path],
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        batching: BatchConfig = BatchConfig(),  # noqa: B008 - frozen
    ) -> None:
        if not bundles:
            raise UsageError("There is no bundle to serve.", hint="Name one, such as runs/NAME/model.discern.")
        self._limits = limits
        self._batching = batching
        self._reloading = threading.Lock()
        self._served: dict[str, ServedModel] = {}
        self._refused: dict[str, FileStamp | None] = {}
        for named in bundles:
            name, path = _split(named)
            served = self._load(name, path)
            if served.name in self._served:
                raise UsageError(
                    f"Two bundles are named {served.name}: {self._served[served.name].path} and {path}.",
                    hint=f"Name one of them anew: other={path}.",
                )
            self._served[served.name] = served

    @property
    def served(self) -> Mapping[str, ServedModel]:
        """The bundles by name, the first one first."""
        return dict(self._served)

    def get(self, name: str | None = None) -> ServedModel:
        """Give the bundle of a name, or the first.

        Raises:
            NotFound: there is none of that name.
        """
        if name is None:
            return next(iter(self._served.values()))
        try:
            return self._served[name]
        except KeyError:
            raise NotFound(
                f"No model is named {name!r} here.", hint=f"Ask for one of: {', '.join(self._served)}."
            ) from None

    def submit_all(
        self, pictures: Sequence[Picture], *, model: str | None = None, evidence: bool = False
    ) -> "list[Future[BatchResult]]":
        """Ask the bundle of a name about all of some pictures, or about none; see `Batcher.submit_all`."""
        served = self.get(model)
        while True:
            try:
                return served.batcher.submit_all(pictures, evidence=evidence)
            except BatcherClosed:
                newer = self.get(served.name)
                if newer is served:
                    raise
                served = newer

    def reload(self, *, changed_only: bool = False) -> list[str]:
        """Read bundles anew and put them in the place of the old ones, which answer first what they were asked.

        Args:
            changed_only: leave those whose file is as it was, or as it was when it could not be used.

        Returns:
            The names of the bundles that were replaced.

        Raises:
            BundleError: one cannot be used; it stays as it is, and the others are replaced.
        """
        replaced, wrong = [], []
        with self._reloading:
            for name, old in list(self._served.items()):
                now = file_stamp(old.path)
                if changed_only and now in (None, old.stamp, self._refused.get(name)):
                    continue
                try:
                    self._served[name] = self._load(name, old.path)
                except BundleError as error:
                    self._refused[name] = now
                    wrong.append(error)
                    continue
                old.batcher.close()
                replaced.append(name)
        if wrong:
            raise wrong[0]
        return replaced

    def close(self) -> None:
        """Answer what was asked, and take no more."""
        for served in self._served.values():
            served.batcher.close()

    def _load(self, name: str | None, path: Path) -> ServedModel:
        begun = file_stamp(path)
        members = archive.unpack(path)  # once, so that both are the same model whatever becomes of the file
        one = Model(members, threads=1, limits=self._limits)
        if not one.verify().passed:
            raise BundleDamaged(
                f"{path} does not answer here as it did where it was made.", hint="See `discern verify`, and doctor."
            )
        cores = self._batching.threads or count_cores()
        wide = Model(members, threads=cores, limits=self._limits) if cores > 1 else None
        batcher = Batcher(one, wide=wide, batching=self._batching)
        return ServedModel(name=name or one.manifest.name, path=path, batcher=batcher, stamp=begun)


def _split(named: str | Path) -> tuple[str | None, Path]:
    if isinstance(named, str) and "=" in named and not Path(named).exists():
        name, _, path = named.partition("=")
        return name, Path(path)
    return None, Path(named)
