"""Functions that write a bundle's Hugging Face model card in Markdown."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from discern.bundle import Manifest
from discern.evaluating import Interval, Metrics

_MOST_NAMED = 20
_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
# Characters that can start inline markup in Markdown; a backslash before each makes it plain text.
_MARKS = re.compile(r"[\\`*_{}\[\]<>#|~&@$^]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_LICENCES = ("apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0")
_NO_LICENCE = "not known"
_METHODS = {
    "test-part": "this model on a test part, used neither for fitting nor for model selection",
    "grouped-cv": "cross-validation by groups: models fitted the same way, each evaluated on the fold left out; this "
    "model was then fitted on all folds",
}
_BASELINES = {
    "majority": "always the most frequent class",
    "mean_colour": "the mean colour alone",
    "raw_pixels": "a few raw pixels",
}


def write_card(manifest: Manifest) -> str:
    """Write a Hugging Face model card with a data card from a bundle manifest.

    Facts that the manifest lacks are omitted. From `data` it uses `pictures`, `groups`, `negatives`, `per_class` (label
    to `pictures` and `groups`), `formats`, `faults` (findings by check) and `fingerprint`, all optional.

    Returns:
        Markdown with YAML front matter. Labels and names can break neither: every YAML value is JSON, and inline markup
        is escaped.
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
    """Yield entries of the Hugging Face model index, without metrics inflated by leaks."""
    metrics = Metrics.from_json(manifest.metrics)
    measured = (
        ("accuracy", "Accuracy on independent pictures", metrics.accuracy.leak_free.value),
        ("expected_calibration_error", "Debiased calibration error", metrics.ece.value),
    )
    entries = [
        {"type": kind, "name": name, "value": round(number, 4)} for kind, name, number in measured if number is not None
    ]
    if entries:
        task = {"type": "image-classification"}
        dataset = {"type": "custom", "name": manifest.name, "revision": str(manifest.data.get("fingerprint", ""))[:16]}
        yield {"task": task, "dataset": dataset, "metrics": entries}


def _model(manifest: Manifest) -> Iterator[str]:
    backbone, metrics = manifest.backbone, Metrics.from_json(manifest.metrics)
    leak_free, recipe = metrics.accuracy.leak_free, manifest.recipe
    yield f"\n# {_text(manifest.name)}\n"
    yield (
        f"An image classifier trained with Discern. It predicts one of {len(manifest.labels)} labels, recognises "
        "pictures of none of them, and asks for review where its confidence is too low."
    )
    yield "\n## Evaluation\n"
    yield f"- **Accuracy on independent pictures**: {_interval(leak_free)} ({_text(leak_free.method or '')})"
    if leak_free.method in _METHODS:
        yield f"- **Method**: {_METHODS[leak_free.method]}"
    if (measured := metrics.accuracy.difference.pictures) is not None:
        yield f"- **Measured on**: {measured:,} pictures"
    yield from _unlike(metrics)
    yield f"- **Accuracy on a random split, which ignores groups**: {_interval(metrics.accuracy.random_split)}"
    for name, accuracy in metrics.baselines.items():
        yield f"- **Baseline, {_text(_BASELINES.get(name, name))}**: {_interval(accuracy)}"
    yield from _further_metrics(metrics)
    yield "\n## Decisions\n"
    yield from _decisions(manifest)
    yield "\n## Model\n"
    yield f"- **Backbone**: {_text(backbone.get('name', ''))}, pretrained on {_text(backbone.get('pretraining', ''))}"
    yield f"- **Input**: {recipe.size} x {recipe.size} px RGB, {recipe.fit}; the graph takes uint8 values"
    yield f"- **Labels**: {_join(_display_name(manifest, label) for label in manifest.labels)}"
    if manifest.ordered:
        yield "- **Order**: the labels are ordered"
    yield '\nUse it with `discern predict model.discern PICTURE`, or in Python `discern.load("model.discern")`.'
    yield f"\nThis file contains the weights of the backbone {_text(backbone.get('name', ''))}{_licence(backbone)}."


def _unlike(metrics: Metrics) -> Iterator[str]:
    unlike = metrics.accuracy.unlike
    if unlike is not None and unlike.value is not None:
        yield f"- **Accuracy on pictures unlike the learned ones, pessimistic**: {_interval(unlike)}"
        if unlike.alarm:
            yield "- **Alarm**: pictures probably depend on each other, and the accuracy holds only for look-alikes"
    elif unlike is not None and unlike.note:
        yield f"- **Accuracy on pictures unlike the learned ones**: not measured, {unlike.note}"


def _licence(backbone: Mapping[str, Any]) -> str:
    licence = str(backbone.get("licence") or "")
    if licence == _NO_LICENCE:
        return ", whose licence is not known: make sure that you may pass them on"
    return f", under the licence {_text(licence)}" if licence else ""


def _further_metrics(metrics: Metrics) -> Iterator[str]:
    ece, ordered, sets, negatives = metrics.ece, metrics.ordered, metrics.conformal, metrics.negatives
    if ece.value is not None:
        chance = f"; by chance alone up to {ece.null95:.1%}" if ece.null95 is not None else ""
        chance += "" if ece.chance is None else f"{',' if chance else '; by chance alone'} {ece.chance:.1%} on average"
        yield f"- **Calibration error**: {ece.value:.1%}{chance}"
    if ordered is not None and ordered.mae.value is not None:
        constant = ordered.constant_mae.value
        baseline = "" if constant is None else f"; always predicting {_text(ordered.constant)}: {constant:.2f}"
        yield f"- **Mean absolute error in labels**: {ordered.mae.value:.2f}{baseline}"
    if sets is not None and sets.target is not None:
        size = "" if sets.size.value is None else f", {sets.size.value:.2f} labels on average"
        yield (
            f"- **Prediction sets**: {sets.target:.0%} shall contain the true label; measured: "
            f"{_interval(sets.coverage)}{size}"
        )
    if negatives is not None:
        yield f"- **Negatives called unknown**: {_interval(negatives.rejected)}"


def _decisions(manifest: Manifest) -> Iterator[str]:
    unknown, rejection = manifest.thresholds.unknown, manifest.thresholds.false_rejection
    if unknown is not None:
        measured = Metrics.from_json(manifest.metrics).unknown.rejection
        price = "" if rejection is None else f", as for about {rejection:.0%} of known pictures"
        found = "" if measured is None else f" Measured on held-out pictures: {_interval(measured)}."
        yield f"- **unknown**: the unknown score is above {unknown:.3g}{price}.{found}"
    if manifest.policy is None:
        yield "- **accept**: never, as no error limit was stated."
    else:
        accept, share = manifest.thresholds.accept, manifest.policy.get("share")
        limit = "" if accept is None else f"the confidence is {accept:.1%} or more. "
        accepted = "" if accept is None or share is None else f" {share:.0%} of held-out predictions are accepted."
        yield f"- **accept**: {limit}{_text(manifest.policy['sentence'])}{accepted}"
    yield "- **review**: all other predictions; a person decides."


def _data(manifest: Manifest) -> Iterator[str]:
    data, metrics = manifest.data, Metrics.from_json(manifest.metrics)
    split = metrics.split
    yield "\n# Training data\n"
    groups = f" in {data['groups']:,} independent groups (films, bursts, copies)" if data.get("groups") else ""
    yield f"- **Pictures**: {data.get('pictures', 0):,}{groups}, labelled by their owner"
    if data.get("negatives"):
        yield f"- **Negatives**: {data['negatives']:,} pictures of none of the labels, to tune the unknown score on"
    if data.get("formats"):
        yield f"- **Formats**: {_join(f'{_text(name)} ({count:,})' for name, count in data['formats'].items())}"
    yield f"- **Fingerprint**: `{_code(data.get('fingerprint', ''))[:16]}`"
    if split.method:
        yield f"- **Split**: {_text(split.method)}. {_text(split.reason or '')}".rstrip()
    if split.leaks:
        yield f"- **Leaks**: {split.leaks:,} pictures were left out of training because they would have leaked"
    yield from _per_class(manifest)
    if data.get("faults") is not None:
        yield "\n## Findings\n"
        found = {check: count for check, count in data["faults"].items() if count}
        yield from [f"- {_text(check.replace('_', ' '))}: {count:,}" for check, count in found.items()] or ["None."]
    yield "\n## Known limits\n"
    yield from (f"- {limit}" for limit in _limits(manifest, metrics))


def _per_class(manifest: Manifest) -> Iterator[str]:
    """Yield the lines of a Markdown table with image and group counts by class."""
    per_class = manifest.data.get("per_class")
    if not per_class:
        return
    fewest = sorted(per_class, key=lambda label: per_class[label].get("pictures", 0))
    shown = list(per_class) if len(per_class) <= _MOST_NAMED else fewest[:_MOST_NAMED]
    yield "\n| Class | Pictures | Groups |\n|---|---:|---:|"
    for label in shown:
        own = per_class[label]
        yield f"| {_display_name(manifest, label)} | {_count(own.get('pictures'))} | {_count(own.get('groups'))} |"
    if len(shown) < len(per_class):
        yield f"\nThese classes have the fewest pictures; the other {len(per_class) - len(shown)} have more."


def _limits(manifest: Manifest, metrics: Metrics) -> Iterator[str]:
    yield "Probabilities and error limits hold for pictures like the training pictures, and for no others."
    if manifest.backbone.get("pretraining"):
        yield "If pictures are among those that the backbone was pretrained on, the metrics are too high."
    if metrics.split.unevaluated:
        names = _join(_display_name(manifest, label) for label in metrics.split.unevaluated)
        yield f"Not evaluated, as all pictures of the class are of one group: {names}."
    if metrics.accuracy.leak_free.low is None:
        yield "There are too few independent pictures for a confidence interval of the accuracy."
    if few := metrics.accuracy.leak_free.few_groups:
        names = _join(f"{_display_name(manifest, label)} ({groups})" for label, groups in few.items())
        yield f"The accuracy is pessimistic for classes of fewer than five independent groups: {names}."
    if metrics.negatives is None:
        yield "The detection of unknown pictures was not measured, as no negatives were given."
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


def _display_name(manifest: Manifest, label: str) -> str:
    """Format a class label with its display name."""
    name = manifest.names.get(label, {}).get("name") or ""
    return f"{_text(name)} ({_text(label)})" if name and name != label else _text(label)


def _join(names: Iterator[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _MOST_NAMED} more" if len(every) > _MOST_NAMED else ""
    return ", ".join(every[:_MOST_NAMED]) + more


def _printable(text: object) -> str:
    """Replace control characters, text direction characters and line breaks in a text."""
    return "".join(each if each.isprintable() else _UNPRINTABLE for each in str(text)).strip()


def _text(text: object) -> str:
    """Escape the inline Markdown syntax in a text."""
    return _MARKS.sub(r"\\\g<0>", _printable(text))


def _code(text: object) -> str:
    return _printable(text).replace("`", "'")


def _yaml(value: object) -> str:
    """Format a value as JSON, which is valid YAML if all characters are printable."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_yaml(key)}: {_yaml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_yaml(each) for each in value) + "]"
    return json.dumps(_printable(value) if isinstance(value, str) else value, ensure_ascii=False)
