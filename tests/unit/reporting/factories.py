"""Factories of a small run: pictures, findings, predictions and metrics."""

import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from PIL import Image

from discern.checking import Finding
from discern.evaluating import evaluate_predictions, evaluate_share, paired_difference
from discern.reporting import PredictionTable

LABELS = ("ash", "birch", "cedar")
EACH = 12
SHARES = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier", "ece")
HOSTILE = "<script>alert(1)</script> & \"quoted\" 'it'"


def write_pictures(folder: Path, labels=LABELS, each: int = EACH, size=(60, 40)) -> Path:
    random = np.random.default_rng(0)
    for number, label in enumerate(labels):
        for part, share in (("train", each * 2 // 3), ("test", each - each * 2 // 3)):
            place = folder / part / label
            place.mkdir(parents=True)
            for index in range(share):
                pixels = random.integers(0, 200, (size[1], size[0], 3)).astype(np.uint8)
                pixels[..., number % 3] = 250
                Image.fromarray(pixels).save(place / f"{label}-{index}.png")
    return folder


def predictions_for(catalog, *, wrong_every: int = 3, seed: int = 0) -> PredictionTable:
    rows = np.flatnonzero(catalog.readable)
    truth = catalog.label_index[rows]
    classes = len(catalog.labels)
    predicted = np.where(np.arange(len(rows)) % wrong_every == 0, (truth + 1) % classes, truth)
    confidence = np.random.default_rng(seed).uniform(0.6, 0.99, len(rows))
    probabilities = np.repeat(((1 - confidence) / (classes - 1))[:, None], classes, axis=1)
    probabilities[np.arange(len(rows)), predicted] = confidence
    score = np.linspace(0, 2, len(rows))
    return PredictionTable(
        rows=rows,
        truth=truth,
        probabilities=probabilities,
        unknown_score=score,
        decision=np.where(score > 1.8, "unknown", "review"),
    )


def classification_json(**changes) -> dict:
    """JSON of undefined classification metrics, with some values changed."""
    undefined = {"value": None, "low": None, "high": None, "note": None}
    metrics = evaluate_predictions(np.array([0]), np.ones((1, 1)), labels=("one",), groups=np.array([0])).to_json()
    return metrics | dict.fromkeys(SHARES, undefined) | {"reliability": [], "per_class": [], "confusion": []} | changes


def metrics_for(catalog, predictions: PredictionTable) -> dict:
    groups = np.arange(len(predictions.rows))
    right = predictions.predicted == predictions.truth
    random_split = right | (groups % 4 == 0)
    overall = evaluate_predictions(
        predictions.truth,
        predictions.probabilities,
        labels=catalog.labels,
        groups=groups,
        uncalibrated=predictions.probabilities,
    )
    leak_free = overall.accuracy.to_json() | {
        "method": "grouped-cv",
        "estimates": "recipe",
        "classes": overall.classes,
    }
    return {
        "accuracy": {
            "leak_free": leak_free,
            "naive": evaluate_share(random_split).to_json(),
            "given": None,
            "difference": paired_difference(random_split, right).to_json(),
        },
        "figures": overall.to_json(),
        "ece": overall.to_json()["ece"],
        "baselines": {"majority": evaluate_share(predictions.truth == 0).to_json()},
        "unknown": {"t_unknown": 1.8, "false_rejection": 0.05},
        "split": {"method": "grouped-cv", "reason": "The set is small.", "leaks": 2, "unjudged": [], "pictures": {}},
        "head": {"candidate": "lda"},
    }


RUN = {
    "name": "trees",
    "created": "2026-11-21T11:30:00Z",
    "seed": 3,
    "config": {"seed": 3},
    "versions": {"numpy": "2.4"},
    "data": {"fingerprint": "f" * 64, "root": "photos"},
    "backbone": {"name": "lite0", "pretraining": "ImageNet-1k", "size": 96, "mirror": True},
    "seconds": {"scan": 1.0, "head": 200.0},
    "recipe": {"size": 96, "resize": 110, "fit": "crop", "filter": "bicubic", "fill": [124, 116, 104]},
}


def finding(check: str, *rows: int, action: str = "keep", value: str = "", why: str = "Look at it.") -> Finding:
    return Finding(check=check, rows=tuple(map(int, rows)), score=0.9, action=action, value=value, why=why)


def parse_svg(markup) -> ET.Element:
    return ET.fromstring(str(markup))


class Page(HTMLParser):
    """Parsed page: elements with their attributes, text, and elements left open."""

    VOID = ("meta", "img", "br", "link", "input", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(data)

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\N{NO-BREAK SPACE}", " ").split())


def interval_json(value: float, low: float | None = None, high: float | None = None) -> dict:
    """JSON of an interval."""
    return {"value": value, "low": low, "high": high, "note": None if low is not None else "too few for an interval"}


CURVE = {
    "t_accept": [0.99, 0.95, 0.9, 0.8, 0.5],
    "share": [0.1, 0.4, 0.6, 0.8, 0.95],
    "picture_error": [0.0, 0.0, 0.01, 0.03, 0.08],
    "error": [0.0, 0.0, 0.01, 0.04, 0.1],
    "high": [0.2, 0.06, 0.045, 0.09, 0.15],
}


def policy_for(**changes) -> dict:
    """JSON of an accept policy that meets its error limit."""
    return {
        "sentence": "Of the accepted predictions, at most 5 % are wrong.",
        "basis": "held-out",
        "share": 0.6,
        "error": {"value": 0.01, "high": 0.045},
        "needed": None,
        "asked": 0.05,
        "t_accept": 0.9,
        "picture_error": 0.01,
        "groups": 140,
        "wrong": 2,
        "curve": CURVE,
    } | changes


def extras_for(labels) -> dict:
    """JSON of the optional parts of metrics.json."""
    return {
        "policy": policy_for(),
        "conformal": {
            "asked": 0.9,
            "threshold": 0.2,
            "basis": "held-out",
            "guaranteed": True,
            "coverage": interval_json(0.93, 0.9, 0.96),
            "size": interval_json(1.4, 1.2, 1.6),
            "single": interval_json(0.7, 0.6, 0.8),
            "per_class": [
                {"label": label, "coverage": interval_json(0.9 - place / 50)} for place, label in enumerate(labels)
            ],
        },
        "ordered": {
            "labels": list(labels),
            "chosen": "cumulative",
            "mae": interval_json(0.3, 0.2, 0.4),
            "rmse": interval_json(0.5, 0.4, 0.6),
            "kappa": interval_json(0.8, 0.7, 0.9),
            "within_one": interval_json(0.97, 0.95, 0.99),
            "constant_mae": interval_json(0.8, 0.7, 0.9),
            "constant": labels[1],
            "gain": interval_json(0.5, 0.4, 0.6),
        },
        "gate": {
            "negatives": 200,
            "tuned": 100,
            "scored": 100,
            "kept": interval_json(0.95, 0.9, 0.98),
            "rejected": interval_json(0.7, 0.6, 0.8),
            "auroc": interval_json(0.93, 0.9, 0.96),
        },
        "learning_curve": {
            "points": [
                {"share": 0.5, "pictures": 20, "groups": 18, "accuracy": interval_json(0.6, 0.5, 0.7)},
                {"share": 1.0, "pictures": 40, "groups": 36, "accuracy": interval_json(0.7, 0.65, 0.75)},
            ],
            "advice": [{"label": labels[0], "fewest": 30, "most": 80}],
            "sentence": "Twice as many pictures would bring about 4 points.",
            "flat": False,
        },
        "names": {labels[0]: {"name": "common ash", "spoken": "an ash", "route": "ash tree"}},
    }
