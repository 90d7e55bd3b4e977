"""Data quality check that predicts class labels from file metadata and exposure alone."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discern.checking.checks.metadata_features import MetadataFeature, metadata_features
from discern.checking.findings import CheckInput, Finding
from discern.checking.signals.class_partition import partition_classes, predict_partition
from discern.checking.signals.decision_tree import TreeSize, predict_by_tree

Ints = NDArray[np.int64]

# Caps on time, and the least for a stable estimate; not tuned.
_MOST_PICTURES = 10_000
_FEWEST_GROUPS = 10
_FOLDS = 5
_SMALLEST_LEAF = 5
# Chosen with benchmarks/issue_detection.py (brightness and borders planted in its `TUNED_ON` packs).
_LEAST_GAIN_OVER_CONTENT = 0.25
_MOST_NAMES = 4


def shortcut(data: CheckInput) -> Iterator[Finding]:
    """Find single features that predict the class label far above chance.

    A decision tree predicts labels from one feature, cross-validated over groups. It counts if it predicts all classes,
    one of them, or a set of them. Each distinct picture counts once; classes of fewer than ten groups are left out,
    because any feature would predict them.
    """
    rows = _independent_rows(data)
    labels = np.unique(data.labels[rows], return_inverse=True)[1]
    if len(rows) == 0 or labels.max() == 0:
        return
    names = [data.catalog.labels[label] for label in np.unique(data.labels[rows])]
    group = np.unique(data.groups.group[rows], return_inverse=True)[1]
    for feature in metadata_features(data, rows):
        if (feature.values == feature.values[0]).all():
            continue
        skill = _cross_validate(feature, feature.values, labels, group)
        if _is_explained(feature, skill, labels, group):
            continue
        if _excess(feature, skill) > 0:
            score = min(feature.highest_score, max(skill.skill, skill.one_class, skill.partition, 0.0))
            why = f"{_describe(feature, skill, names)} {feature.remedy}"
            least = feature.thresholds
            one_class_alone = max(skill.skill - least.skill, skill.partition - least.partition) <= 0
            found = rows[labels == skill.best_class] if one_class_alone else rows
            yield Finding(check="shortcut", rows=tuple(found.tolist()), score=score, action="keep", why=why)


def _is_explained(feature: MetadataFeature, skill: "_Skill", labels: Ints, group: Ints) -> bool:
    """Return True if image content predicts the label nearly as well as a metadata feature.

    Red objects, for example, may have red borders.
    """
    if feature.content is None or _excess(feature, skill) <= 0:
        return False
    content = _cross_validate(feature, feature.content, labels, group)
    gains = (
        skill.skill - content.skill,
        skill.one_class - content.one_class,
        skill.partition - content.partition,
    )
    return max(gains) < _LEAST_GAIN_OVER_CONTENT


def _excess(feature: MetadataFeature, skill: "_Skill") -> float:
    least = feature.thresholds
    return max(skill.skill - least.skill, skill.one_class - least.one_class, skill.partition - least.partition)


def _describe(feature: MetadataFeature, skill: "_Skill", names: list[str]) -> str:
    least = feature.thresholds
    if max(skill.skill - least.skill, skill.one_class - least.one_class) <= 0:
        some = [repr(names[place]) for place in skill.side[:_MOST_NAMES]]
        more = "" if len(skill.side) <= _MOST_NAMES else f" and {len(skill.side) - _MOST_NAMES} more"
        return (
            f"From the {feature.name} alone a model can tell for {skill.side_accuracy:.0%} of pictures whether they "
            f"are of {', '.join(some)}{more}, or of any other class. A model may learn that instead of the content."
        )
    bound = _best_accuracy(feature, len(names))
    most = "" if bound == 1 else f" (at best {bound:.0%} with so few categories)"
    best = f"{skill.hit_rate:.0%} of class '{names[skill.best_class]}', and {skill.false_rate:.0%} of the others"
    return (
        f"From the {feature.name} alone {skill.accuracy:.0%} of labels can be predicted{most}, "
        f"{1 / len(names):.0%} by chance, averaged over classes; {best} are predicted as that class. "
        "A model may learn that instead of the content."
    )


@dataclass(frozen=True, kw_only=True)
class _Skill:
    """Cross-validated accuracy of predicting class labels from one feature.

    Attributes:
        accuracy: balanced accuracy.
        skill: the same, scaled from chance (0) to the best possible with the feature (1), minus two standard errors.
        best_class: the class that is predicted best.
        hit_rate: its true positive rate.
        false_rate: its false positive rate.
        one_class: difference of these two rates, minus two standard errors.
        side: the classes of the smaller side of the best partition in two.
        side_accuracy: balanced accuracy of the side.
        partition: true minus false positive rate of the side, minus two standard errors.
    """

    accuracy: float
    skill: float
    best_class: int
    hit_rate: float
    false_rate: float
    one_class: float
    side: tuple[int, ...]
    side_accuracy: float
    partition: float


def _cross_validate(feature: MetadataFeature, values: NDArray[np.float64], labels: Ints, group: Ints) -> _Skill:
    classes = int(labels.max()) + 1
    fold = (np.random.default_rng(0).permutation(group.max() + 1) % _FOLDS)[group]
    predicted = _predict_out_of_fold(values, labels, fold, classes)
    size = np.bincount(labels, minlength=classes)
    hit = np.bincount(labels[predicted == labels], minlength=classes) / size
    false = np.bincount(predicted[predicted != labels], minlength=classes) / (len(labels) - size)
    groups = np.bincount(np.unique(labels + classes * group) % classes, minlength=classes)
    # Laplace smoothing by one success and one failure: none of ten is not never.
    rate = (hit * groups + 1) / (groups + 2)
    variance = rate * (1 - rate) / groups
    best = _best_accuracy(feature, classes) - 1 / classes
    ahead = hit - false - 2 * np.sqrt(variance + false * (1 - false) / (groups.sum() - groups))
    best_class = int(ahead.argmax())
    side, side_accuracy, partition = _partition_skill(predicted, labels, fold, groups)
    skill = float((hit.mean() - 1 / classes - 2 * np.sqrt(variance.sum()) / classes) / best) if best > 0 else 0.0
    return _Skill(
        accuracy=float(hit.mean()),
        skill=skill,
        best_class=best_class,
        hit_rate=float(hit[best_class]),
        false_rate=float(false[best_class]),
        one_class=float(ahead[best_class]),
        side=side,
        side_accuracy=side_accuracy,
        partition=partition,
    )


def _partition_skill(predicted: Ints, labels: Ints, fold: Ints, groups: Ints) -> tuple[tuple[int, ...], float, float]:
    correct, side = predict_partition(predicted, labels, fold), partition_classes(predicted, labels)
    if correct is None or side is None:
        return (), 0.0, 0.0
    side = side if side.sum() <= len(side) / 2 else ~side
    by_class = np.bincount(labels, correct, len(groups)) / np.bincount(labels)
    rates = np.array([by_class[members].mean() for members in (side, ~side)])
    count = np.array([groups[members].sum() for members in (side, ~side)])
    smoothed = (rates * count + 1) / (count + 2)
    two_errors = 2 * np.sqrt((smoothed * (1 - smoothed) / count).sum())
    return tuple(np.flatnonzero(side).tolist()), float(by_class.mean()), float(rates.sum() - 1 - two_errors)


def _best_accuracy(feature: MetadataFeature, classes: int) -> float:
    """Return the best balanced accuracy that a feature can reach.

    A feature of two categories identifies no more than two classes.
    """
    if not feature.categorical:
        return 1.0
    _, count = np.unique(feature.values, return_counts=True)
    common = int((count >= max(_FEWEST_GROUPS, len(feature.values) / (10 * classes))).sum())
    return min(classes, common) / classes


def _predict_out_of_fold(values: NDArray[np.float64], labels: Ints, fold: Ints, classes: int) -> Ints:
    """Predict the labels of each fold by a decision tree fitted on the other folds."""
    predicted = np.zeros(len(labels), np.int64)
    size = TreeSize(smallest_leaf=_SMALLEST_LEAF, most_leaves=max(16, 4 * classes))
    for number in range(_FOLDS):
        held_out = fold == number
        predicted[held_out] = predict_by_tree(values, labels, ~held_out, size=size)
    return predicted


def _independent_rows(data: CheckInput) -> Ints:
    pixels = data.catalog.table["pixels"].fill_null("").to_numpy().astype(str)
    _, first = np.unique(pixels, return_index=True)
    rows = np.intersect1d(first, np.flatnonzero(data.labels >= 0))
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:_MOST_PICTURES])
    labels = data.labels[rows]
    if not len(rows):
        return rows
    class_of_group = np.unique(np.stack([labels, data.groups.group[rows]]), axis=1)[0]
    return rows[np.bincount(class_of_group, minlength=labels.max() + 1)[labels] >= _FEWEST_GROUPS]
