"""Sentence that says which of the compared models to ship, and why."""

from collections.abc import Sequence

from discern.evaluating import (
    ComparedModel,
    ComparedPair,
    Evidence,
    Interval,
    ModelChoice,
    count_needed,
    describe_points,
)

_WITHIN = "with 95 % confidence it is at most 1 point below"


def explain_choice(
    choice: ModelChoice,
    models: Sequence[ComparedModel],
    pairs: Sequence[ComparedPair],
    *,
    pictures: int,
    validated: bool,
) -> str:
    """Say in one sentence which model to ship, and why.

    Args:
        choice: the choice.
        models: the models.
        pairs: difference of each two.
        pictures: number of pictures that are compared.
        validated: whether the best model was found on other pictures.
    """
    chosen, best = models[choice.chosen], models[choice.best]
    rank = ", the simplest" if choice.chosen == choice.simplest else ""
    start = f"Ship {chosen.name}{rank} ({_size(chosen)})"
    if choice.evidence is Evidence.BEST:
        refuted = None if choice.refuted is None else models[choice.refuted]
        simplest = choice.chosen == choice.simplest
        others = _explain_best(chosen, pairs, simplest=simplest, validated=validated, refuted=refuted)
        return f"{start}: {others}."
    found = find_difference(chosen, best, pairs)
    difference = describe_points(found)
    if choice.evidence is Evidence.NOT_INFERIOR:
        return f"{start}: {_WITHIN} {best.name} ({difference})."
    if choice.evidence is Evidence.TOO_FEW:
        return (
            f"{start}: it is estimated within the 1 point of {best.name} that a larger model has to gain "
            f"({difference}), but there are too few independent pictures to show it."
        )
    needed = count_needed(found, pictures)
    more = "many more pictures are needed" if needed is None else f"about {needed:,} pictures are needed"
    return (
        f"{start}: chance alone explains the difference to {best.name} ({difference}), which is estimated within the "
        f"1 point that a larger model has to gain; {more} to show it."
    )


def find_difference(a: ComparedModel, b: ComparedModel, pairs: Sequence[ComparedPair]) -> Interval:
    """Return the accuracy of A minus that of B."""
    for each in pairs:
        found = each.pair.test.difference
        if (each.a, each.b) == (a, b):
            return found
        if (each.a, each.b) == (b, a):
            value, low, high = (None if end is None else -end for end in (found.value, found.high, found.low))
            return Interval(value=value, low=low, high=high, note=found.note)
    return Interval()


def _explain_best(
    chosen: ComparedModel,
    pairs: Sequence[ComparedPair],
    *,
    simplest: bool,
    validated: bool,
    refuted: ComparedModel | None,
) -> str:
    others = [each.b if each.a is chosen else each.a for each in pairs if chosen in (each.a, each.b)]
    gains = [(find_difference(chosen, other, pairs), other) for other in others]
    clear = {
        each.b.name if each.a is chosen else each.a.name
        for each in pairs
        if chosen in (each.a, each.b) and each.pair.is_clear
    }
    better = [(gain, other) for gain, other in gains if (gain.value or 0.0) > 0]
    beaten = [(gain, other) for gain, other in better if other.name in clear]
    if beaten:
        gain, other = min(beaten, key=lambda each: each[0].value or 0.0)
        return f"it is more accurate than {other.name} by more than chance explains, {describe_points(gain)}"
    besides = "" if refuted is None else f" than {refuted.name}, which the test part refutes,"
    if simplest:
        where = " on the validation pictures" if validated else ""
        unsure = ", though there are too few independent pictures to test it" if gains[0][0].low is None else ""
        return f"no other one{besides} is more accurate{where}{unsure}"
    if not better:
        return (
            f"no other one{besides} is more accurate on the validation pictures, and none that is simpler is shown to "
            "be as good"
        )
    gain, other = min(better, key=lambda each: each[0].value or 0.0)
    return (
        f"no simpler one is estimated within 1 point of it; more pictures are needed to be sure of the difference to "
        f"{other.name} ({describe_points(gain)})"
    )


def _size(model: ComparedModel) -> str:
    return f"{model.parameters / 1e6:.1f} million weights, {model.ms_per_picture:.0f} ms a picture"
