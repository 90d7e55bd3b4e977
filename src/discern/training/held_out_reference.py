"""Functions that choose and measure the held-out pictures that a bundle keeps, to detect drift of later pictures."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from discern.bundle.heads import unit_rows
from discern.bundle.reference_pictures import (
    MAX_PICTURES,
    ReferencePictures,
    choose_dimensions,
    count_projected,
    project,
    quantise,
)
from discern.features.input_statistics import measure_input, open_statistics
from discern.parallel import ThreadExecutor, count_cores, map_in_order
from discern.picture import load_input
from discern.splitting import Split
from discern.training.data import TrainingData
from discern.training.methods import FitResult
from discern.training.methods.graph_outputs import run_graph
from discern.training.predictions import ScoredPredictions
from discern.watching.new_classes.class_spread import measure_spread

# Training pictures from which the centres are computed, of a frozen and of a trained network; not tuned.
_CENTRED, _RUN = 20_000, 2000
_IN_FLIGHT = 64  # not tuned
Embed = Callable[[np.ndarray], np.ndarray]


def make_reference(
    data: TrainingData, split: Split, result: FitResult, *, seed: int, cache: Path
) -> ReferencePictures | None:
    """Measure the signals of held-out pictures, at most one of each group and 2,000 in all.

    The result depends on the pictures and the seed alone. Predictions are by models that did not train on the picture:
    by the final one on a test part, by those of cross-validation otherwise. The centre of a class is computed without
    the picture's group, as later pictures are in no group of the training pictures.

    Args:
        data: pictures with their features.
        split: the assignment to groups.
        result: the fitted classifier with its held-out predictions.
        seed: random seed.
        cache: directory of the cache, which keeps brightness and sharpness.

    Returns:
        The reference, or None without held-out pictures.
    """
    held_out = _predictions(result)
    keys = _random_keys(data, seed)
    chosen = _one_of_each_group(split.group[held_out.rows], keys[held_out.rows], is_last=_are_fold_models(result))
    rows, probabilities = held_out.rows[chosen], held_out.probabilities[chosen]
    if not len(rows):
        return None
    classes, label, truth = len(data.catalog.labels), probabilities.argmax(axis=1), data.catalog.label_index[rows]
    is_embedded = result.backbone is None or split.method == "test-part"
    dimensions = choose_dimensions(classes) if is_embedded else None
    space = None if dimensions is None else _Space(data, split, result, keys, dimensions)
    kept = 0 if space is None else count_projected(len(rows), classes=classes, dimensions=space.dimensions)
    embedded = None if space is None else space.embed(rows)
    distance = np.full(len(rows), np.nan)
    if space is not None and embedded is not None:
        distance = space.distance(embedded, label, split.group[rows])
    table = data.catalog.table[rows]
    columns = (
        held_out.unknown_score[chosen],
        probabilities.max(axis=1),
        distance,
        *_measure_inputs(data, rows, cache).T,
        np.sqrt(table["width"].to_numpy().astype(float) * table["height"].to_numpy()),
    )
    return ReferencePictures(
        signals=np.column_stack(columns).astype(np.float32),
        label=label.astype(np.int16),
        is_right=label == truth,
        content=np.array([list(bytes.fromhex(each[:16])) for each in table["content"]], np.uint8),
        projected=np.zeros((0, 1), np.int8) if embedded is None else quantise(embedded[:kept]),
        centres=np.zeros((0, 1), np.float16) if space is None else space.centres.astype(np.float16),
        spread=float("nan") if space is None else space.spread,
        accuracy=float(np.mean(label == truth)),
    )


def _predictions(result: FitResult) -> ScoredPredictions:
    """Return the held-out predictions, followed by those for other training pictures where the features are frozen."""
    held_out, others = result.held_out, result.out_of_fold
    more = ~np.isin(others.rows, held_out.rows) if result.backbone is None else np.zeros(len(others.rows), bool)
    return ScoredPredictions(
        rows=np.concatenate([held_out.rows, others.rows[more]]),
        probabilities=np.concatenate([held_out.probabilities, others.probabilities[more]]),
        unknown_score=np.concatenate([held_out.unknown_score, others.unknown_score[more]]),
        t_unknown=np.concatenate([held_out.t_unknown, others.t_unknown[more]]),
    )


def _are_fold_models(result: FitResult) -> np.ndarray:
    """Return which of `_predictions` are by other models than those of the held-out predictions."""
    count = len(_predictions(result).rows)
    return np.arange(count) >= len(result.held_out.rows)


def _random_keys(data: TrainingData, seed: int) -> np.ndarray:
    """Return a random number of each picture that depends on its content and the seed, uint64 `[N]`."""
    contents, _ = data.catalog.hashes()
    digests = (hashlib.sha256(f"{seed} {content}".encode()).digest()[:8] for content in contents)
    return np.frombuffer(b"".join(digests), "<u8")


def _one_of_each_group(group: np.ndarray, key: np.ndarray, *, is_last: np.ndarray) -> np.ndarray:
    """Choose one position of each group at random, at most `MAX_PICTURES`, those with `is_last` last."""
    order = np.lexsort((key, is_last))
    _, first = np.unique(group[order], return_index=True)
    chosen: np.ndarray = order[np.sort(first)[:MAX_PICTURES]]
    return chosen


def _measure_inputs(data: TrainingData, rows: np.ndarray, cache: Path) -> np.ndarray:
    """Measure brightness and sharpness of the network's inputs, float64 `[n, 2]`, from the cache where possible."""
    contents = data.catalog.table["content"].gather(rows).to_list()
    shelf = open_statistics(cache, data.recipe)
    missing = shelf.missing(contents)

    def measure(position: int) -> np.ndarray:
        pixels = data.inputs.get(contents[position])
        if pixels is None:
            pixels = load_input(data.catalog.read_one(int(rows[position])), data.recipe)
        return measure_input(pixels)

    if missing:
        with (
            ThreadExecutor(count_cores()) as executor,
            closing(map_in_order(measure, missing, executor=executor, window=_IN_FLIGHT)) as found,
        ):
            shelf.put([contents[position] for position in missing], np.stack(list(found)))
    return np.asarray(shelf.rows(contents)[:])


class _Space:
    """Projected embeddings of pictures, with the centre of each class of training pictures."""

    def __init__(self, data: TrainingData, split: Split, result: FitResult, keys: np.ndarray, dimensions: int) -> None:
        self._data, self._graph = data, None if result.backbone is None else result.graph
        self.dimensions = dimensions
        classes, label = len(data.catalog.labels), data.catalog.label_index
        rows = self._sample(result.train_rows, label, keys, classes)
        full = self._read(rows)
        projected = project(full, dimensions)
        pair = split.group[rows] * classes + label[rows]
        self._pairs, place = np.unique(pair, return_inverse=True)
        self._of_pair = _sum_by(place, projected, len(self._pairs))
        self._sums = _sum_by(label[rows], projected, classes)
        self.centres = unit_rows(self._sums)
        self.spread = measure_spread(full, label[rows], split.group[rows])

    def embed(self, rows: np.ndarray) -> np.ndarray:
        """Return the projected embeddings of pictures, float32 `[n, d]`."""
        return project(self._read(rows), self.dimensions)

    def distance(self, embedded: np.ndarray, label: np.ndarray, group: np.ndarray) -> np.ndarray:
        """Return the cosine distance to the centre of the predicted class, computed without the picture's group."""
        sums = self._sums[label]
        pair = group * len(self._sums) + label
        place = np.minimum(np.searchsorted(self._pairs, pair), len(self._pairs) - 1)
        own = self._pairs[place] == pair
        sums[own] -= self._of_pair[place[own]]
        return np.asarray(1 - (unit_rows(sums).astype(np.float16).astype(np.float32) * embedded).sum(axis=1))

    def _sample(self, rows: np.ndarray, label: np.ndarray, keys: np.ndarray, classes: int) -> np.ndarray:
        """Return at most `_CENTRED` or `_RUN` training pictures, evenly from the classes."""
        rows = rows[label[rows] >= 0]
        order = rows[np.lexsort((keys[rows], label[rows]))]
        number = np.arange(len(order)) - np.searchsorted(label[order], label[order])
        most = max(1, (_CENTRED if self._graph is None else _RUN) // classes)
        return np.sort(order[number < most])

    def _read(self, rows: np.ndarray) -> np.ndarray:
        if self._graph is None:
            return np.asarray(self._data.rows(rows)[:])
        return run_graph(self._graph, ("embedding",), self._data.catalog, rows, self._data.recipe)[0]


def _sum_by(place: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, place, rows)
    return sums
