"""References and exchanges of a model of two classes, whose signals are normally distributed."""

from typing import Any

import numpy as np

from discern.bundle.reference_pictures import ReferencePictures, project, quantise
from discern.watching.stores.exchange_store import ExchangeColumns

LABELS = ("apple", "pear")
DIMENSIONS, WIDTH = 16, 40
# Means and deviations of unknown score, confidence, brightness and sharpness, by class.
MEANS = np.array([[1.0, 0.8, 0.5, 0.5], [2.0, 0.6, 0.4, 0.6]])
DEVIATIONS = np.array([0.5, 0.08, 0.1, 0.1])
CENTRES = np.random.default_rng(99).normal(size=(2, WIDTH))


def draw(random: np.random.Generator, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw four signals `[n, 4]` and embeddings `[n, WIDTH]` of pictures of the given classes."""
    signals = random.normal(MEANS[label], DEVIATIONS)
    return signals, CENTRES[label] + random.normal(0, 0.7, (len(label), WIDTH))


def make_reference(pictures: int = 500, seed: int = 0) -> ReferencePictures:
    """Make a reference of independent pictures, half of them of each class."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, pictures)
    signals, embedding = draw(random, label)
    projected, centres = project(embedding, DIMENSIONS), project(CENTRES, DIMENSIONS).astype(np.float16)
    distance = 1 - (projected * centres[label].astype(np.float32)).sum(axis=1)
    size = np.full(pictures, 100.0)
    columns = (signals[:, 0], signals[:, 1], distance, signals[:, 2], signals[:, 3], size)
    return ReferencePictures(
        signals=np.column_stack(columns).astype(np.float32),
        label=label.astype(np.int16),
        is_right=random.random(pictures) < 0.9,
        content=random.integers(0, 256, (pictures, 8)).astype(np.uint8),
        projected=quantise(projected),
        centres=centres,
        spread=0.3,
        accuracy=0.9,
    )


def make_columns(
    pictures: int,
    *,
    seed: int = 1,
    start: int = 1,
    share: float = 0.5,
    shift: dict[str, float] | None = None,
    towards: float = 0.0,
    embeddings: bool = True,
) -> ExchangeColumns:
    """Make exchanges of independent pictures.

    Args:
        pictures: number of exchanges.
        seed: random seed.
        start: number of the first exchange; one exchange a minute.
        share: share of pears.
        shift: shift of `unknown`, `confidence`, `brightness` and `sharpness` in standard deviations.
        towards: shift of all embeddings in one fixed direction, in standard deviations.
        embeddings: whether embeddings are known.
    """
    random = np.random.default_rng(seed)
    label = (random.random(pictures) < share).astype(int)
    signals, embedding = draw(random, label)
    for at, name in enumerate(("unknown", "confidence", "brightness", "sharpness")):
        signals[:, at] += (shift or {}).get(name, 0.0) * DEVIATIONS[at]
    embedding[:, : WIDTH // 2] += 0.7 * towards
    number = start + np.arange(pictures)
    names = np.array([f"{each:032x}" for each in number], object)
    return ExchangeColumns(
        number=number,
        id=names,
        time=1.8e9 + 60.0 * number,
        client=np.full(pictures, "one", object),
        content=names,
        pixels=names,
        label=np.array(LABELS, object)[label],
        decision=np.full(pictures, "accept", object),
        confidence=signals[:, 1],
        unknown_score=signals[:, 0],
        brightness=signals[:, 2],
        sharpness=signals[:, 3],
        width=np.full(pictures, 100),
        height=np.full(pictures, 100),
        seconds=np.full(pictures, 0.1),
        kept_with=np.ones(pictures),
        embedding=embedding.astype(np.float32) if embeddings else None,
        truth=np.full(pictures, None, object),
        is_new=np.zeros(pictures, bool),
    )


def take(columns: ExchangeColumns, rows: slice | np.ndarray) -> ExchangeColumns:
    """Return some of the exchanges."""
    found: dict[str, Any] = {name: None if each is None else each[rows] for name, each in vars(columns).items()}
    return ExchangeColumns(**found)
