"""Whom `evaluate` judges: a bundle here, or a model on a server."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, Self

import numpy as np

from discern.bundle import Model, Prediction, Thresholds, load
from discern.catalog import Catalog
from discern.client import Client
from discern.client.address import is_address, read_address
from discern.errors import DataError, PictureError, Unreachable
from discern.flow.evaluate.decision_metrics import DecisionRules
from discern.flow.paths import resolve_path
from discern.parallel import ThreadExecutor, map_in_order
from discern.progress import Progress

STAGE = "answer"
_BATCH = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelOutputs:
    """What one says of some pictures.

    Attributes:
        probabilities: float32 `[M, K]`.
        scores: unknown scores, float32 `[M]`; NaN where it did not answer.
    """

    probabilities: np.ndarray
    scores: np.ndarray

    def __getitem__(self, some: np.ndarray) -> Self:
        """Keep some of them; `some` is bool `[M]`."""
        return replace(self, probabilities=self.probabilities[some], scores=self.scores[some])


class EvaluatedModel(Protocol):
    """Something that answers pictures.

    Attributes:
        of: where it is: a path, an address, or a name.
        fingerprint: of its bundle.
        rules: its labels, and how it decides.
        seen: first 8 bytes of the content hashes of the pictures it was trained on; None: it does not say.
        refused: what it said of pictures that it did not answer, by where they are.
    """

    @property
    def of(self) -> str: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def rules(self) -> DecisionRules: ...  # noqa: D102
    @property
    def seen(self) -> frozenset[bytes] | None: ...  # noqa: D102
    @property
    def refused(self) -> Mapping[str, str]: ...  # noqa: D102

    def answer(self, catalog: Catalog, rows: np.ndarray, progress: Progress) -> ModelOutputs:
        """Answer some of a catalog's pictures, in the order of `rows`."""


@contextmanager
def open_models(
    given: Sequence[str | Path | Model | Client], *, key: str | Mapping[str, str] | None
) -> Iterator[list[EvaluatedModel]]:
    """Find what is to be judged, and close what was opened for it.

    Args:
        given: bundles' paths, servers' addresses, or either ones opened already.
        key: for the server that is named first; or for several, by address. No other is told it.

    Raises:
        BundleError: a bundle cannot be used.
        RequestError: a server refuses, or cannot be reached.
        UsageError: no address, or httpx2 is not installed.
    """
    by_host = _by_host(key, [str(each) for each in given if is_address(each)])
    with ExitStack() as clients:
        yield [_open(each, by_host, clients) for each in given]


def _open(given: str | Path | Model | Client, keys: Mapping[str, str], clients: ExitStack) -> EvaluatedModel:
    if isinstance(given, Model):
        return LocalModel(given, given.manifest.name)
    if isinstance(given, Client):
        return RemoteModel(given)
    if is_address(given):
        return RemoteModel(clients.enter_context(Client(str(given), keys.get(_host(str(given))))))
    return LocalModel(load(given), str(resolve_path(given)))


def _by_host(key: str | Mapping[str, str] | None, addresses: Sequence[str]) -> dict[str, str]:
    keys = dict.fromkeys(addresses[:1], key) if isinstance(key, str) else key or {}
    return {_host(address): each for address, each in keys.items()}


def _host(address: str) -> str:
    """Scheme, host and port."""
    return "/".join(read_address(address).base.lower().split("/")[:3])


class LocalModel:
    """A bundle here; what the catalog could read, it can."""

    refused: Mapping[str, str] = MappingProxyType({})

    def __init__(self, model: Model, of: str) -> None:
        self.of, self.fingerprint, self.rules = of, model.fingerprint, model.manifest
        self._model = model

    @property
    def seen(self) -> frozenset[bytes]:
        """What it was trained on."""
        return frozenset(bytes(prefix) for prefix in self._model.seen)

    def answer(self, catalog: Catalog, rows: np.ndarray, progress: Progress) -> ModelOutputs:
        """Answer pictures; see `answer_rows`."""
        probabilities, scores = answer_rows(self._model, catalog, rows, progress)
        return ModelOutputs(probabilities=probabilities, scores=scores)


@dataclass(frozen=True, kw_only=True)
class RemoteDecisions:
    """The rules that a server says it follows."""

    labels: tuple[str, ...]
    ordered: bool
    thresholds: Thresholds
    policy: dict[str, Any] | None


class RemoteModel:
    """A model on a server, by its answers and what it says of itself; it does not say what it was trained on."""

    seen = None

    def __init__(self, client: Client) -> None:
        self._client = client
        self.refused: dict[str, str] = {}
        said = client.about()
        self.of = client.url if client.model is None else f"{client.url}?model={client.model}"
        try:
            self.fingerprint = str(said["fingerprint"])
            limits = said["thresholds"]
            self.rules: DecisionRules = RemoteDecisions(
                labels=tuple(said["labels"]),
                ordered=bool(said["ordered"]),
                thresholds=Thresholds(unknown=limits["unknown"], accept=limits["accept"], label_set=limits["set"]),
                policy=said["policy"],
            )
        except (KeyError, TypeError) as error:
            raise Unreachable(
                f"{client.url} does not say how its model decides.", hint="Is this the address of a Discern server?"
            ) from error

    def answer(self, catalog: Catalog, rows: np.ndarray, progress: Progress) -> ModelOutputs:
        """Ask about pictures, several at once; those that the server cannot use are noted.

        Raises:
            DataError: another model answers than the one that was described.
            RequestError: the server refuses, or cannot be reached.
        """
        probabilities = np.zeros((len(rows), len(self.rules.labels)), np.float32)
        scores = np.full(len(rows), np.nan, np.float32)
        where = {row: index for index, row in enumerate(rows.tolist())}
        asked: list[int] = []

        def pictures() -> Iterator[bytes]:
            for row, data in catalog.read(rows.tolist()):
                asked.append(row)
                yield data

        for done, answer in enumerate(self._client.predict(pictures())):
            row = asked[done]
            if isinstance(answer, PictureError):
                self.refused[str(catalog.root / catalog.table["path"][row])] = answer.message
            else:
                probabilities[where[row]], scores[where[row]] = self._read(answer)
            progress(STAGE, done + 1, len(rows))
        return ModelOutputs(probabilities=probabilities, scores=scores)

    def _read(self, answer: Prediction) -> tuple[list[float], float]:
        if answer.model.get("fingerprint") != self.fingerprint:
            raise DataError(f"The model at {self.of} was replaced while it was judged.", hint="Judge it again.")
        return [answer.probabilities[label] for label in self.rules.labels], answer.unknown_score


def answer_rows(model: Model, catalog: Catalog, rows: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Answer some of a catalog's pictures; one thread decodes ahead while the graph runs.

    Returns:
        Probabilities, float32 `[M, K]`, and unknown scores, float32 `[M]`, in the order of `rows`.
    """
    probabilities = np.zeros((len(rows), len(model.labels)), np.float32)
    scores = np.zeros(len(rows), np.float32)
    position = {row: index for index, row in enumerate(rows.tolist())}
    done = 0
    for numbers, inputs in _batches(model, catalog, rows):
        outputs = model.run(inputs)
        where = [position[number] for number in numbers]
        probabilities[where], scores[where] = outputs["probabilities"], outputs["unknown_score"]
        done += len(numbers)
        progress(STAGE, done, len(rows))
    return probabilities, scores


def _batches(model: Model, catalog: Catalog, rows: np.ndarray) -> Iterator[tuple[list[int], np.ndarray]]:
    stream = catalog.read(rows.tolist())

    def prepare(_number: int) -> tuple[list[int], np.ndarray] | None:
        batch = list(islice(stream, _BATCH))
        if not batch:
            return None
        return [row for row, _ in batch], np.stack([model.prepare(data) for _, data in batch])

    # Files are read in that thread, too, so what it maps over is only how often it is asked.
    with ThreadExecutor(1) as executor:
        for ready in map_in_order(prepare, count(), executor=executor, window=2):
            if ready is None:
                return
            yield ready
