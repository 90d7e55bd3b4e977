"""Adapters that evaluate local model bundles and remote servers through one interface."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from discern.bundle import Model, Prediction, SeenPictures, Thresholds, load
from discern.bundle.manifest_schema import MAX_LABELS, check_labels
from discern.bundle.prediction_sets import are_distributions
from discern.bundle.strict_json import flag, list_of, null_or, number, object_of, record, text
from discern.catalog import Catalog
from discern.client import Client
from discern.client.address import is_address, read_address
from discern.errors import DataError, PictureError, Unreachable
from discern.evaluating import Metrics
from discern.flow.evaluate.decision_metrics import DecisionRules
from discern.flow.paths import resolve_path
from discern.parallel import ThreadExecutor, map_in_order
from discern.progress import Progress

STAGE = "predict"
_BATCH = 32
_MAX_LABEL = 20_000  # characters; longer than any label
_limit, _share = null_or(number()), null_or(number(0, 1))
_ABOUT = record(
    {
        "fingerprint": text(64),
        "labels": check_labels,
        "ordered": flag,
        "policy": null_or(record({})),
        "thresholds": record(
            {"unknown": _limit, "accept": _share, "set": _share}, required=("unknown", "accept", "set")
        ),
        "names": null_or(object_of(record({name: text(_MAX_LABEL) for name in ("name", "spoken", "route")}))),
        "aliases": null_or(object_of(list_of(text(_MAX_LABEL), MAX_LABELS))),
        "metrics": null_or(record({"split": null_or(record({"unjudged": list_of(text(_MAX_LABEL), MAX_LABELS)}))})),
    },
    required=("fingerprint", "labels", "ordered", "policy", "thresholds"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelOutputs:
    """Predicted probabilities and out-of-distribution scores for a batch of images.

    Attributes:
        probabilities: float32 `[M, K]`.
        scores: unknown scores, float32 `[M]`; NaN for pictures without a prediction.
    """

    probabilities: np.ndarray
    scores: np.ndarray

    def __getitem__(self, selected: np.ndarray) -> Self:
        """Return the outputs of the images selected by a boolean mask."""
        return replace(self, probabilities=self.probabilities[selected], scores=self.scores[selected])


class EvaluatedModel(Protocol):
    """Interface of a local or remote model that is being evaluated.

    Attributes:
        of: path, address or name of the model.
        name: name of the model for people.
        fingerprint: fingerprint of its bundle.
        stated: metrics of its training, as far as they are published.
        names: display names of labels, in the form of metrics.json.
        aliases: other names of labels.
        bundle: the bundle of a local model; None for a server.
        rules: its labels, thresholds and policy.
        seen: pictures that it was trained on, or that set its thresholds; None if not published.
        refused: reasons why pictures have no prediction, by their path.
    """

    @property
    def of(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def stated(self) -> Metrics: ...  # noqa: D102
    @property
    def names(self) -> Mapping[str, Mapping[str, str | None]]: ...  # noqa: D102
    @property
    def aliases(self) -> Mapping[str, Sequence[str]]: ...  # noqa: D102
    @property
    def bundle(self) -> Model | None: ...  # noqa: D102
    @property
    def rules(self) -> DecisionRules: ...  # noqa: D102
    @property
    def seen(self) -> SeenPictures | None: ...  # noqa: D102
    @property
    def refused(self) -> Mapping[str, str]: ...  # noqa: D102

    def predict(self, catalog: Catalog, rows: np.ndarray, progress: Progress) -> ModelOutputs:
        """Classify the images in the given catalog rows, in the given order."""


@contextmanager
def open_models(
    given: Sequence[str | Path | Model | Client], *, key: str | Mapping[str, str] | None
) -> Iterator[list[EvaluatedModel]]:
    """Open the local bundles and remote servers to be evaluated.

    Clients opened here are closed on exit; clients passed in stay open.

    Args:
        given: paths of bundles, addresses of servers, or open models and clients.
        key: API key of the first server; or API keys by address. Each is sent to its own server only.

    Raises:
        BundleError: a bundle cannot be used.
        RequestError: a server rejects the request or cannot be reached.
        UsageError: an address is invalid, or httpx2 is not installed.
    """
    keys = _keys_by_host(key, [str(each) for each in given if is_address(each)])
    with ExitStack() as clients:
        yield [_open(each, keys, clients) for each in given]


def _open(given: str | Path | Model | Client, keys: Mapping[str, str], clients: ExitStack) -> EvaluatedModel:
    if isinstance(given, Model):
        return LocalModel(given, given.manifest.name)
    if isinstance(given, Client):
        return RemoteModel(given)
    if is_address(given):
        return RemoteModel(clients.enter_context(Client(str(given), keys.get(_host(str(given))))))
    return LocalModel(load(given), str(resolve_path(given)))


def _keys_by_host(key: str | Mapping[str, str] | None, addresses: Sequence[str]) -> dict[str, str]:
    keys = dict.fromkeys(addresses[:1], key) if isinstance(key, str) else key or {}
    return {_host(address): each for address, each in keys.items()}


def _host(address: str) -> str:
    return "/".join(read_address(address).base.lower().split("/")[:3])


class LocalModel:
    """Model bundle that is evaluated on this machine."""

    def __init__(self, model: Model, of: str) -> None:
        self.refused: dict[str, str] = {}
        self.of, self.fingerprint, self.rules = of, model.fingerprint, model.manifest
        self.name, self.names, self.stated = model.manifest.name, model.manifest.names, _stated(model.manifest.metrics)
        self.bundle, self.aliases = model, model.manifest.aliases
        self._model = model

    @property
    def seen(self) -> SeenPictures:
        """Pictures that the model was trained on, or that set its thresholds."""
        return self._model.seen_pictures

    def predict(self, catalog: Catalog, rows: np.ndarray, progress: Progress) -> ModelOutputs:
        """Classify the images in the given catalog rows, in the given order."""
        probabilities, scores = predict_rows(self._model, catalog, rows, progress)
        outputs = ModelOutputs(probabilities=probabilities, scores=scores)
        return _without_invalid(outputs, catalog, rows, self.refused)


@dataclass(frozen=True, kw_only=True)
class RemoteDecisions:
    """Class labels, decision thresholds and accept policy published by a server."""

    labels: tuple[str, ...]
    ordered: bool
    thresholds: Thresholds
    policy: dict[str, Any] | None
    unjudged: Collection[str]


class RemoteModel:
    """Model that is evaluated through HTTP requests to its server."""

    seen = bundle = None

    def __init__(self, client: Client) -> None:
        self._client = client
        self.refused: dict[str, str] = {}
        described = client.about()
        self.of = self.name = client.url if client.model is None else f"{client.url}?model={client.model}"
        try:
            _ABOUT(described, "")
            self.fingerprint = str(described["fingerprint"])
            self.names, self.stated = described.get("names") or {}, _stated(described.get("metrics") or {})
            self.aliases = described.get("aliases") or {}
            limits = described["thresholds"]
            self.rules: DecisionRules = RemoteDecisions(
                labels=tuple(described["labels"]),
                ordered=bool(described["ordered"]),
                thresholds=Thresholds(unknown=limits["unknown"], accept=limits["accept"], label_set=limits["set"]),
                policy=described["policy"],
                unjudged=((described.get("metrics") or {}).get("split") or {}).get("unjudged", ()),
            )
        except ValueError as error:
            raise Unreachable(
                f"{client.url} does not describe its model.", hint="Check that this is the address of a Discern server."
            ) from error

    def predict(self, catalog: Catalog, rows: np.ndarray, progress: Progress) -> ModelOutputs:
        """Classify the images in the given catalog rows with concurrent HTTP requests.

        Pictures that the server rejects are added to `refused`.

        Raises:
            DataError: the model was replaced since it was described.
            RequestError: the server rejects the request or cannot be reached.
        """
        probabilities = np.zeros((len(rows), len(self.rules.labels)), np.float32)
        scores = np.full(len(rows), np.nan, np.float32)
        position = {row: index for index, row in enumerate(rows.tolist())}
        sent: list[int] = []

        def pictures() -> Iterator[bytes]:
            for row, data in catalog.read(rows.tolist()):
                sent.append(row)
                yield data

        for done, result in enumerate(self._client.predict(pictures())):
            row = sent[done]
            if isinstance(result, PictureError):
                self.refused[str(catalog.root / catalog.table["path"][row])] = result.message
            else:
                probabilities[position[row]], scores[position[row]] = self._read(result)
            progress(STAGE, done + 1, len(rows))
        outputs = ModelOutputs(probabilities=probabilities, scores=scores)
        return _without_invalid(outputs, catalog, rows, self.refused)

    def _read(self, prediction: Prediction) -> tuple[list[float], float]:
        if prediction.model.get("fingerprint") != self.fingerprint:
            raise DataError(f"The model at {self.of} was replaced during the evaluation.", hint="Evaluate it again.")
        if prediction.probabilities.keys() != set(self.rules.labels):
            raise Unreachable(f"{self.of} predicts other labels than it describes.", hint="Check its model.")
        return [prediction.probabilities[label] for label in self.rules.labels], prediction.unknown_score


def _stated(metrics: Mapping[str, Any]) -> Metrics:
    """Read the metrics of a model's training; empty if they are not in a known form."""
    try:
        return Metrics.from_json(metrics)
    except DataError:
        return Metrics()


def _without_invalid(
    outputs: ModelOutputs, catalog: Catalog, rows: np.ndarray, refused: dict[str, str]
) -> ModelOutputs:
    """Mark the images whose outputs are not finite or not probabilities as without a prediction, with the reason."""
    invalid = ~(are_distributions(outputs.probabilities) & np.isfinite(outputs.scores))
    for row in rows[invalid].tolist():
        path = str(catalog.root / catalog.table["path"][row])
        refused.setdefault(path, "The outputs of the model are not finite, or not probabilities.")
    return replace(outputs, scores=np.where(invalid, np.float32(np.nan), outputs.scores))


def predict_rows(model: Model, catalog: Catalog, rows: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Classify the images in the given catalog rows with a local model.

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

    # Files are read in that thread as well, so the mapped values are only a counter.
    with ThreadExecutor(1) as executor:
        for ready in map_in_order(prepare, count(), executor=executor, window=2):
            if ready is None:
                return
            yield ready
