"""Generated exchanges in a real store, for tests of the monitor."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from discern.inference.exchange import Exchange
from discern.watching.looks.look import Alarm, Cluster, LiveAccuracy, Look, Promise

START = 1_780_000_000.0
DECISIONS = ("accept", "review", "unknown")


def exchange_id(number: int) -> str:
    """Return the identifier of a generated exchange."""
    return f"{number:032x}"


def painted(number: int, kind: str = "JPEG", side: int = 64) -> bytes:
    """Encode a picture whose colours depend on its number."""
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(40, 255, (4, 4, 3), np.uint8))
    buffer = io.BytesIO()
    coarse.resize((side, side), Image.Resampling.BICUBIC).save(buffer, kind)
    return buffer.getvalue()


def make_exchange(number: int, *, bundle: str, time: float = START, **changes: Any) -> Exchange:
    """Make an exchange of the labels `dark` and `red`."""
    random = np.random.default_rng(number)
    confidence = float(1 - 0.5 * random.random() ** 4)
    unknown = float(0.3 * random.random() + 0.5 * (number % 17 == 5))
    decision = "unknown" if unknown > 0.6 else "accept" if confidence >= 0.9 else "review"
    label = ("red", "dark")[number % 3 == 0]
    made = Exchange(
        id=exchange_id(number),
        time=time,
        model="colours",
        bundle=bundle,
        door="rest",
        client="alice",
        content=f"{number:064x}",
        pixels=f"{number:064x}",
        picture=painted(number % 40),
        media_type="image/jpeg",
        width=64,
        height=64,
        brightness=0.5,
        sharpness=0.5,
        embedding=random.standard_normal(8).astype(np.float32),
        prediction={
            "label": label,
            "decision": decision,
            "confidence": confidence,
            "probabilities": {label: confidence, "dark" if label == "red" else "red": 1 - confidence},
            "unknown_score": unknown,
        },
        seconds=0.004 + 0.02 * float(random.random()),
    )
    return replace(made, **changes)


def make_exchanges(count: int, *, bundle: str, seconds: float = 600.0, begin: float = START) -> list[Exchange]:
    """Make exchanges at equal distances of time."""
    return [make_exchange(number, bundle=bundle, time=begin + seconds * number) for number in range(count)]


def make_look(bundle: str, *, examples: Sequence[str] = (), **changes: Any) -> Look:
    """Make a look that has found a change, a new class and a broken promise."""
    drift = Alarm(
        kind="brightness",
        since="2026-06-01T10:00:00Z",
        evidence={"against": 812.0, "threshold": 100.0},
        examples=tuple(examples[:6]),
        message="The pictures are darker than in training.",
    )
    made = Look(
        bundle=bundle,
        exchanges=200,
        lost=0,
        first="2026-05-28T20:26:40Z",
        last="2026-06-02T10:00:00Z",
        alarms=(drift,),
        accuracy=LiveAccuracy(value=0.93, low=0.88, high=0.97, audited=120),
        estimated={"value": 0.91, "reference": 0.95},
        promise=Promise(asked=0.05, broken=False, evidence={"against": 3.2, "threshold": 20.0, "audited": 120}),
        clusters=(Cluster(ids=tuple(examples[:12]), message="12 pictures look alike and like none of your classes."),),
        to_audit=tuple(examples),
        waiting=len(examples),
        classes=(
            {"label": "red", "exchanges": 130, "share": 0.65, "trained": 0.5},
            {"label": "dark", "exchanges": 70, "share": 0.35, "trained": 0.5},
        ),
        signals=(
            {"name": "brightness", "against": 812.0, "median": 0.31, "reference": 0.52},
            {"name": "confidence", "against": 1.2, "median": 0.96, "reference": 0.97},
            {"name": "sharpness", "against": float("inf"), "median": float("nan"), "reference": 0.4},
        ),
        notes=("Some exchanges were captured without embedding.",),
    )
    return replace(made, **changes)
