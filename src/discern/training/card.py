"""The card that travels in the bundle: what the model is, how good, made of what, in plain words and for machines."""

import json
import re
from collections.abc import Iterator
from typing import Any

from discern.bundle import Manifest
from discern.evaluating import Interval, Metrics

_MOST_NAMED = 20
_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
# Any of these may begin something within a line of Markdown; a backslash before each makes it plain.
_MARKS = re.compile(r"[\\`*_{}\[\]<>#|~&@$^]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_LICENCES = ("apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0")
_METHODS = {
    "test-part": "on a test part that nothing was learned from or chosen by, answered by this very model",
    "grouped-cv": "by models made the same way, each tried on groups of pictures that it had not seen; this model then "
    "learned from all of them",
}
_RIVALS = {
    "majority": "always the most frequent class",
    "mean_colour": "the mean colour alone",
    "raw_pixels": "a few raw pixels",
}


def write_card(manifest: Manifest) -> str:
    """Write the card from the manifest alone: a Hugging Face model card, then a card of the data.

    Facts that a manifest does not have are left out. Used beside the usual ones: `data["per_class"]` (label to
    `pictures` and `groups`), `data["groups"]`, `data["negatives"]`, `data["faults"]` (findings by check) and
    `data["formats"]`; `metrics["gate"]` and `metrics["learning_curve"]["sentence"]`.

    Returns:
        Markdown with YAML front matter. Labels and names cannot break either: every YAML value is a JSON string or
        number, and Markdown's marks are escaped.
    """
    parts = (_front_matter(manifest), *_model(manifest), *_data(manifest))
    return "\n".join(parts) + "\n"


def _front_matter(manifest: Manifest) -> str:
    licence = str(manifest.backbone.get("licence") or "other")
    known = licence.lower() in _LICENCES
    facts: dict[str, Any] = {
        "license": licence.lower() if known else "other",
        **({} if known else {"license_name": licence}),
        "library_name": "discern",
        "pipeline_tag": "image-classification",
        "tags": ["discern", "onnx", "image-classification", "calibrated", "out-of-distribution-detection"],
        "metrics": ["accuracy"],
        "model-index": [{"name": manifest.name, "results": list(_results(manifest))}],
    }
    return "\n".join(["---", *(f"{key}: {_yaml(value)}" for key, value in facts.items()), "---"])


def _results(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """What was measured, as Hugging Face lists it; only what no leak has flattered."""
    metrics = Metrics.from_json(manifest.metrics)
    measured = (
        ("accuracy", "Accuracy on independent pictures", metrics.accuracy.leak_free.value),
        ("expected_calibration_error", "Debiased calibration error", metrics.ece.value),
    )
    listed = [
        {"type": kind, "name": name, "value": round(number, 4)} for kind, name, number in measured if number is not None
    ]
    if listed:
        task = {"type": "image-classification"}
        dataset = {"type": "custom", "name": manifest.name, "revision": str(manifest.data.get("fingerprint", ""))[:16]}
        yield {"task": task, "dataset": dataset, "metrics": listed}


def _model(manifest: Manifest) -> Iterator[str]:
    backbone, metrics = manifest.backbone, Metrics.from_json(manifest.metrics)
    leak_free, recipe = metrics.accuracy.leak_free, manifest.recipe
    yield f"\n# {_text(manifest.name)}\n"
    yield (
        f"An image classifier made by Discern. It answers with one of {len(manifest.labels)} labels, says when a "
        "picture is none of these things, and asks for a person where it is not sure."
    )
    yield "\n## How good it is\n"
    yield f"- **Accuracy on independent pictures**: {_interval(leak_free)} ({_text(leak_free.method or '')})"
    if leak_free.method in _METHODS:
        yield f"- **Measured**: {_METHODS[leak_free.method]}"
    yield f"- **The same by a random split, which leaks**: {_interval(metrics.accuracy.random_split)}"
    for name, accuracy in metrics.baselines.items():
        yield f"- **For comparison, {_text(_RIVALS.get(name, name))}**: {_interval(accuracy)}"
    yield from _further_metrics(metrics)
    yield "\n## What becomes of an answer\n"
    yield from _decisions(manifest)
    yield "\n## How it works\n"
    yield f"- **Backbone**: {_text(backbone.get('name', ''))}, pretrained on {_text(backbone.get('pretraining', ''))}"
    yield f"- **Input**: {recipe.size} x {recipe.size} px RGB, {recipe.fit}; the graph takes the bytes as they are"
    yield f"- **Labels**: {_listed(_said(manifest, label) for label in manifest.labels)}"
    if manifest.ordered:
        yield "- **Order**: the labels stand in an order that means something"
    yield '\nUse it with `discern predict model.discern PICTURE`, or in Python `discern.load("model.discern")`.'
    yield (
        f"\nThis file contains the weights of the backbone ({_text(backbone.get('name', ''))}), under the licence "
        f"{_text(backbone.get('licence', ''))}."
    )


def _further_metrics(metrics: Metrics) -> Iterator[str]:
    ece, ordered, sets, negatives = metrics.ece, metrics.ordered, metrics.conformal, metrics.negatives
    if ece.value is not None:
        chance = f"; chance alone gives up to {ece.null95:.1%}" if ece.null95 is not None else ""
        yield f"- **Stated confidence and truth differ by**: {ece.value:.1%} on average{chance}"
    if ordered is not None and ordered.mae.value is not None:
        constant = ordered.constant_mae.value
        rival = "" if constant is None else f"; always answering {_text(ordered.constant)} is {constant:.2f} off"
        yield f"- **Steps off on the scale**: {ordered.mae.value:.2f} on average{rival}"
    if sets is not None and sets.target is not None:
        size = "" if sets.size.value is None else f", {sets.size.value:.2f} labels on average"
        yield (
            f"- **Sets of labels**: {sets.target:.0%} were to hold the right one; measured: "
            f"{_interval(sets.coverage)}{size}"
        )
    if negatives is not None:
        yield f"- **Strangers turned away**: {_interval(negatives.rejected)}"


def _decisions(manifest: Manifest) -> Iterator[str]:
    unknown, rejection = manifest.thresholds.unknown, manifest.thresholds.false_rejection
    if unknown is not None:
        price = "" if rejection is None else f"; that turns away about {rejection:.0%} of known pictures"
        yield f"- **unknown**: its unknown score is above {unknown:.3g}{price}."
    if manifest.policy is None:
        yield "- **accept**: never. No promise about errors was fitted, so no answer is accepted without a person."
    else:
        accept, share = manifest.thresholds.accept, manifest.policy.get("share")
        sure = "" if accept is None else f"it is at least {accept:.1%} sure. "
        taken = f" {share:.0%} of held-out answers were." if accept is not None and share is not None else ""
        yield f"- **accept**: {sure}{_text(manifest.policy['sentence'])}{taken}"
    yield "- **review**: all others; a person decides."


def _data(manifest: Manifest) -> Iterator[str]:
    data, metrics = manifest.data, Metrics.from_json(manifest.metrics)
    split = metrics.split
    yield "\n# The data\n"
    groups = f" in {data['groups']:,} independent groups (films, bursts, copies)" if data.get("groups") else ""
    yield f"- **Learned from**: {data.get('pictures', 0):,} pictures{groups}, labelled by their owner"
    if data.get("negatives"):
        yield f"- **Strangers**: {data['negatives']:,} pictures of none of the labels set and tried the unknown score"
    if data.get("formats"):
        yield f"- **Formats**: {_listed(f'{_text(name)} ({count:,})' for name, count in data['formats'].items())}"
    yield f"- **Fingerprint**: `{_code(data.get('fingerprint', ''))[:16]}`"
    if split.method:
        yield f"- **Split**: {_text(split.method)}. {_text(split.reason or '')}".rstrip()
    if split.leaks:
        yield f"- **Leaks**: {split.leaks:,} pictures that would have leaked did not take part in learning"
    yield from _per_class(manifest)
    if data.get("faults") is not None:
        yield "\n## Faults found\n"
        found = {check: count for check, count in data["faults"].items() if count}
        yield from [f"- {_text(check.replace('_', ' '))}: {count:,}" for check, count in found.items()] or ["None."]
    yield "\n## Known limits\n"
    yield from (f"- {limit}" for limit in _limits(manifest, metrics))


def _per_class(manifest: Manifest) -> Iterator[str]:
    """Pictures and groups of each class; of many classes those with the fewest pictures."""
    per_class = manifest.data.get("per_class")
    if not per_class:
        return
    fewest = sorted(per_class, key=lambda label: per_class[label].get("pictures", 0))
    shown = list(per_class) if len(per_class) <= _MOST_NAMED else fewest[:_MOST_NAMED]
    yield "\n| Class | Pictures | Groups |\n|---|---:|---:|"
    for label in shown:
        own = per_class[label]
        yield f"| {_said(manifest, label)} | {_count(own.get('pictures'))} | {_count(own.get('groups'))} |"
    if len(shown) < len(per_class):
        yield f"\nThese have the fewest pictures; the other {len(per_class) - len(shown)} have more."


def _limits(manifest: Manifest, metrics: Metrics) -> Iterator[str]:
    yield "Probabilities and promises hold for pictures like those it learned from; elsewhere they promise nothing."
    if manifest.backbone.get("pretraining"):
        yield "Pictures that the backbone was pretrained on flatter the figures."
    if metrics.split.unevaluated:
        names = _listed(_said(manifest, label) for label in metrics.split.unevaluated)
        yield f"Nobody can say how well these are known, as all their pictures belong together: {names}."
    if metrics.accuracy.leak_free.low is None:
        yield "There are too few independent pictures to say how far the accuracy may be off."
    if metrics.negatives is None:
        yield "How many strangers it turns away was not measured: no pictures of none of the labels were given."
    if metrics.learning_curve is not None and metrics.learning_curve.sentence:
        yield _text(metrics.learning_curve.sentence)


def _interval(metric: Interval) -> str:
    if metric.value is None:
        return "not measured"
    if metric.low is None or metric.high is None:
        return f"{metric.value:.1%}, too few groups for an interval"
    return f"{metric.value:.1%} (95 % interval {metric.low:.1%} to {metric.high:.1%})"


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _said(manifest: Manifest, label: str) -> str:
    """A label, with its name where it has one."""
    name = manifest.names.get(label, {}).get("name") or ""
    return f"{_text(name)} ({_text(label)})" if name and name != label else _text(label)


def _listed(names: Iterator[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _MOST_NAMED} more" if len(every) > _MOST_NAMED else ""
    return ", ".join(every[:_MOST_NAMED]) + more


def _printable(text: object) -> str:
    """Text on one line, without what cannot be seen or turns its direction."""
    return "".join(each if each.isprintable() else _UNPRINTABLE for each in str(text)).strip()


def _text(text: object) -> str:
    """Plain text within a line of Markdown."""
    return _MARKS.sub(r"\\\g<0>", _printable(text))


def _code(text: object) -> str:
    return _printable(text).replace("`", "'")


def _yaml(value: object) -> str:
    """A value as YAML: JSON is YAML, as long as nothing in it is unprintable."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_yaml(key)}: {_yaml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_yaml(each) for each in value) + "]"
    return json.dumps(_printable(value) if isinstance(value, str) else value, ensure_ascii=False)
