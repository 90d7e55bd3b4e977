"""Models with a reference, and traffic that is like it or not."""

from pathlib import Path
from typing import Any

import numpy as np

from discern.bundle import Model, load, write_bundle
from discern.bundle.reference_pictures import ReferencePictures, project, quantise
from discern.inference.exchange import Exchange
from tests.unit.bundle.factories import LABELS, colour_graph, make_manifest

WIDTH = 24
"""Length of the embeddings in the traffic."""

POLICY = {"risk": 0.05, "sentence": "At most 5 % of what is accepted is wrong."}
START = 1_790_000_000.0
_CENTRES = np.random.default_rng(5).standard_normal((3, WIDTH))


def draw(rng: np.random.Generator, count: int, **shifts: float) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Draw signals, labels and embeddings of pictures; `shifts` are in standard deviations of the signal."""
    label = rng.integers(2, size=count)
    normal = {
        name: rng.standard_normal(count) + shifts.get(name, 0.0)
        for name in ("unknown", "confidence", "brightness", "sharpness", "size")
    }
    signals = {
        "unknown": 0.3 + 0.1 * normal["unknown"],
        "confidence": 1 / (1 + np.exp(-2.5 - normal["confidence"])),
        "brightness": np.clip(0.5 + 0.1 * normal["brightness"], 0, 1),
        "sharpness": np.clip(0.5 + 0.1 * normal["sharpness"], 0, 1),
        "size": np.rint(400 * np.exp(0.3 * normal["size"])) + 1,
    }
    return signals, label, _CENTRES[label] + rng.standard_normal((count, WIDTH))


def make_reference(pictures: int = 500, *, seed: int = 1) -> ReferencePictures:
    """Make a reference of pictures that `traffic` is like."""
    signals, label, embedding = draw(np.random.default_rng([seed, 0]), pictures)
    projected, centres = project(embedding, 16), project(_CENTRES[:2], 16)
    distance = 1 - (centres.astype(np.float16).astype(np.float32)[label] * projected).sum(axis=1)
    columns = (signals["unknown"], signals["confidence"], distance, *(signals[name] for name in _OTHERS))
    return ReferencePictures(
        signals=np.column_stack(columns).astype(np.float32),
        label=label.astype(np.int16),
        is_right=np.random.default_rng([seed, 1]).random(pictures) < signals["confidence"],
        content=np.random.default_rng([seed, 2]).integers(256, size=(pictures, 8)).astype(np.uint8),
        projected=quantise(projected),
        centres=centres.astype(np.float16),
        spread=0.5,
        accuracy=0.9,
    )


_OTHERS = ("brightness", "sharpness", "size")


def write_model(folder: Path, *, reference: ReferencePictures | None = None, **changes: Any) -> Path:
    """Write a small model that keeps its promise to be tested, and a reference."""
    manifest = make_manifest(policy=POLICY, **changes)
    path = folder / f"{manifest.name}.discern"
    write_bundle(path, graph=colour_graph(), manifest=manifest, seen=["ab" * 32], card="# Card\n", reference=reference)
    return path


def make_model(folder: Path, **changes: Any) -> Model:
    """Write a small model as `write_model`, and load it."""
    return load(write_model(folder, **changes))


def traffic(
    model: Model,
    count: int,
    *,
    first: int = 0,
    picture: bytes | None = None,
    unlike: bool = False,
    **shifts: float,
) -> list[Exchange]:
    """Make exchanges of different pictures, one a minute.

    `shifts` are in standard deviations of the signal; with `unlike`, embeddings are those of another class.
    """
    signals, label, embedding = draw(np.random.default_rng([first, 7]), count, **shifts)
    if unlike:
        embedding += 2 * _CENTRES[2] - _CENTRES[label]
    side = signals["size"].astype(int).tolist()
    decide = model.manifest.thresholds.decide
    return [
        Exchange(
            id=f"{first + row + 1:032x}",
            time=START + 60.0 * (first + row),
            model=model.manifest.name,
            bundle=model.fingerprint,
            door="rest",
            client=f"client {row % 7}",
            content=f"{first + row + 1:064x}",
            pixels=f"{first + row + 1:064x}",
            picture=picture,
            media_type="" if picture is None else "image/png",
            width=side[row],
            height=side[row],
            brightness=float(signals["brightness"][row]),
            sharpness=float(signals["sharpness"][row]),
            embedding=embedding[row].astype(np.float32),
            prediction={
                "label": LABELS[label[row]],
                "decision": decide(float(signals["confidence"][row]), float(signals["unknown"][row])),
                "confidence": float(signals["confidence"][row]),
                "unknown_score": float(signals["unknown"][row]),
            },
            seconds=0.02,
        )
        for row in range(count)
    ]
