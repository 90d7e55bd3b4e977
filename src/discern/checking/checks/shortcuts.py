"""Whether something other than what is shown leads to the label."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discern.checking.checks.metadata_features import MetadataFeature, metadata_features
from discern.checking.findings import CheckInput, Finding
from discern.checking.signals.class_partition import partition_classes, predict_partition

Ints = NDArray[np.int64]

_MOST = 10_000
_FEWEST_GROUPS = 10
_FOLDS = 5
_LEAF = 5
_BETTER = 0.25
_NAMED = 4


def shortcut(evidence: CheckInput) -> Iterator[Finding]:
    """Properties of files and pictures that alone lead to the label.

    A tree guesses labels from one property, on groups that it had not learned. Told is what clearly does so far better
    than chance: over all classes, for one of them, or for whether it is one of some. Each different picture counts
    once, and classes with fewer than ten groups are left out: there, everything would lead to the label.
    """
    rows = _independent(evidence)
    labels = np.unique(evidence.labels[rows], return_inverse=True)[1]
    if len(rows) == 0 or labels.max() == 0:
        return
    names = [evidence.catalog.labels[label] for label in np.unique(evidence.labels[rows])]
    group = np.unique(evidence.groups.group[rows], return_inverse=True)[1]
    for trait in metadata_features(evidence, rows):
        if (trait.values == trait.values[0]).all():
            continue
        guessed = _guess(trait, trait.values, labels, group)
        if _explained(trait, guessed, labels, group):
            continue
        if _over(trait, guessed) > 0:
            score = min(trait.hint, max(guessed.share, guessed.one_class, guessed.sides, 0.0))
            why = f"{_said(trait, guessed, names)} {trait.remedy}"
            one = max(guessed.share - trait.least.share, guessed.sides - trait.least.sides) <= 0
            told = rows[labels == guessed.klass] if one else rows
            yield Finding(check="shortcut", rows=tuple(told.tolist()), score=score, action="keep", why=why)


def _explained(trait: MetadataFeature, guessed: "_Guessed", labels: Ints, group: Ints) -> bool:
    """Whether what is shown leads to the label about as well: things of one colour have borders of that colour."""
    if trait.shown is None or _over(trait, guessed) <= 0:
        return False
    shown = _guess(trait, trait.shown, labels, group)
    better = max(guessed.share - shown.share, guessed.one_class - shown.one_class, guessed.sides - shown.sides)
    return better < _BETTER


def _over(trait: MetadataFeature, guessed: "_Guessed") -> float:
    """How far the property leads beyond what is a finding; 0 or less: it is none."""
    least = trait.least
    return max(guessed.share - least.share, guessed.one_class - least.one_class, guessed.sides - least.sides)


def _said(trait: MetadataFeature, guessed: "_Guessed", names: list[str]) -> str:
    if max(guessed.share - trait.least.share, guessed.one_class - trait.least.one_class) <= 0:
        few = [repr(names[klass]) for klass in guessed.some[:_NAMED]]
        more = "" if len(guessed.some) <= _NAMED else f" and {len(guessed.some) - _NAMED} more"
        return (
            f"From the {trait.name} alone {guessed.side_right:.0%} of guesses are right whether a picture is of "
            f"{', '.join(few)}{more}, or of any other class. A model may learn that instead of what is shown."
        )
    bound = _reachable(trait, len(names))
    most = "" if bound == 1 else f" (no more than {bound:.0%} with so few kinds)"
    best = f"{guessed.hit:.0%} of class '{names[guessed.klass]}' are recognised, and {guessed.false:.0%} of the others"
    return (
        f"From the {trait.name} alone {guessed.right:.0%} of labels can be guessed{most}, by chance "
        f"{1 / len(names):.0%}, each class counted alike; {best} are taken for it. "
        "A model may learn that instead of what is shown."
    )


@dataclass(frozen=True, kw_only=True)
class _Guessed:
    """How far a property leads to labels.

    Attributes:
        right: the share of right guesses, each class counted alike.
        share: how far that is from chance (0) to what so many kinds could reach (1), less two standard errors.
        klass: the class that is recognised best.
        hit: the share of it that is recognised.
        false: the share of the others taken for it.
        one_class: the difference of these two, less two standard errors.
        some: the classes of one side, where all are parted in two; those of the smaller side.
        side_right: the share of guesses on the right side, each class counted alike.
        sides: how much more often pictures of one side are guessed to be so than others are, less two standard errors.
    """

    right: float
    share: float
    klass: int
    hit: float
    false: float
    one_class: float
    some: tuple[int, ...]
    side_right: float
    sides: float


def _guess(trait: MetadataFeature, values: NDArray[np.float64], labels: Ints, group: Ints) -> _Guessed:
    classes = int(labels.max()) + 1
    fold = (np.random.default_rng(0).permutation(group.max() + 1) % _FOLDS)[group]
    answer = _answers(values, labels, fold, classes)
    size = np.bincount(labels, minlength=classes)
    hit = np.bincount(labels[answer == labels], minlength=classes) / size
    false = np.bincount(answer[answer != labels], minlength=classes) / (len(labels) - size)
    groups = np.bincount(np.unique(labels + classes * group) % classes, minlength=classes)
    # As if one more group had been recognised and one not: none of ten is not never.
    likely = (hit * groups + 1) / (groups + 2)
    doubt = likely * (1 - likely) / groups
    best = _reachable(trait, classes) - 1 / classes
    ahead = hit - false - 2 * np.sqrt(doubt + false * (1 - false) / (groups.sum() - groups))
    klass = int(ahead.argmax())
    some, side_right, sides = _sides(answer, labels, fold, groups)
    return _Guessed(
        right=float(hit.mean()),
        share=float((hit.mean() - 1 / classes - 2 * np.sqrt(doubt.sum()) / classes) / best) if best > 0 else 0.0,
        klass=klass,
        hit=float(hit[klass]),
        false=float(false[klass]),
        one_class=float(ahead[klass]),
        some=some,
        side_right=side_right,
        sides=sides,
    )


def _sides(answer: Ints, labels: Ints, fold: Ints, groups: Ints) -> tuple[tuple[int, ...], float, float]:
    """How far classes are parted in two; `groups`: int [K], how many each class has."""
    right, side = predict_partition(answer, labels, fold), partition_classes(answer, labels)
    if right is None or side is None:
        return (), 0.0, 0.0
    side = side if side.sum() <= len(side) / 2 else ~side
    each = np.bincount(labels, right, len(groups)) / np.bincount(labels)
    shares = np.array([each[some].mean() for some in (side, ~side)])
    count = np.array([groups[some].sum() for some in (side, ~side)])
    likely = (shares * count + 1) / (count + 2)
    doubt = 2 * np.sqrt((likely * (1 - likely) / count).sum())
    return tuple(np.flatnonzero(side).tolist()), float(each.mean()), float(shares.sum() - 1 - doubt)


def _reachable(trait: MetadataFeature, classes: int) -> float:
    """The best balanced accuracy that so many kinds allow: two formats tell two classes apart, and no more."""
    if not trait.kinds:
        return 1.0
    _, count = np.unique(trait.values, return_counts=True)
    common = int((count >= max(_FEWEST_GROUPS, len(trait.values) / (10 * classes))).sum())
    return min(classes, common) / classes


def _answers(values: NDArray[np.float64], labels: Ints, fold: Ints, classes: int) -> Ints:
    """Guess each fold by a tree that learned the others: int [M]; no group is in two folds."""
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415 - loaded when there is something to guess

    answer = np.zeros(len(labels), np.int64)
    for number in range(_FOLDS):
        held = fold == number
        tree = DecisionTreeClassifier(
            min_samples_leaf=_LEAF, max_leaf_nodes=max(16, 4 * classes), class_weight="balanced", random_state=0
        )
        answer[held] = tree.fit(values[~held], labels[~held]).predict(values[held])
    return answer


def _independent(evidence: CheckInput) -> Ints:
    """Different labelled pictures of classes with enough groups, at most 10,000 of them by chance: int [M], sorted."""
    pixels = evidence.catalog.table["pixels"].fill_null("").to_numpy().astype(str)
    _, first = np.unique(pixels, return_index=True)
    rows = np.intersect1d(first, np.flatnonzero(evidence.labels >= 0))
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:_MOST])
    labels = evidence.labels[rows]
    if not len(rows):
        return rows
    apart = np.unique(np.stack([labels, evidence.groups.group[rows]]), axis=1)[0]
    return rows[np.bincount(apart, minlength=labels.max() + 1)[labels] >= _FEWEST_GROUPS]
