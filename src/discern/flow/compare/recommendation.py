"""Sentence that says which of the compared models to ship, and why."""

from collections.abc import Sequence

from discern.evaluating import ComparedModel, ComparedPair, Evidence, Interval, ModelChoice

_WITHIN = "with 95 % confidence it is at most 1 point below"


def explain_choice(choice: ModelChoice, models: Sequence[ComparedModel], pairs: Sequence[ComparedPair]) -> str:
    """Say in one sentence which model to ship, and why."""
    chosen, best = models[choice.chosen], models[choice.most_accurate]
    rank = ", the simplest" if choice.chosen == choice.simplest else ""
    start = f"Ship {chosen.name}{rank} ({_size(chosen)})"
    if choice.evidence is Evidence.MOST_ACCURATE:
        return f"{start}: {_most_accurate(chosen, pairs, simplest=choice.chosen == choice.simplest)}."
    difference = describe_points(_difference(chosen, best, pairs))
    if choice.evidence is Evidence.NOT_INFERIOR:
        return f"{start}: {_WITHIN} {best.name} ({difference})."
    if choice.evidence is Evidence.TOO_FEW:
        return f"{start}: there are too few independent pictures to show that {best.name} is better ({difference})."
    return (
        f"{start}: chance alone explains the difference to {best.name} ({difference}), but it takes more pictures to "
        "show that it is at most 1 point worse."
    )


def describe_points(difference: Interval) -> str:
    """Describe a difference of accuracies in percentage points with its interval."""
    if difference.value is None or difference.low is None or difference.high is None:
        points = "" if difference.value is None else f"{_signed(difference.value)} points, "
        return f"{points}{difference.note or 'no interval'}"
    return f"{_signed(difference.value)} points [{_signed(difference.low)}, {_signed(difference.high)}]"


def _signed(share: float) -> str:
    rounded = round(100 * share, 1)
    return f"{rounded:+.1f}" if rounded else "0.0"


def _most_accurate(chosen: ComparedModel, pairs: Sequence[ComparedPair], *, simplest: bool) -> str:
    own = [each for each in pairs if chosen in (each.a, each.b)]
    beaten = [each for each in own if each.pair.is_clear]
    if not beaten:
        unsure = ", though there are too few independent pictures to test it" if own[0].pair.p is None else ""
        return f"no other one is more accurate{unsure}" if simplest else f"no simpler one is as accurate{unsure}"
    closest = min(beaten, key=lambda each: abs(each.pair.test.difference.value or 0.0))
    other = closest.b if closest.a is chosen else closest.a
    gain = describe_points(_difference(chosen, other, pairs))
    return f"it is more accurate than {other.name} by more than chance explains, {gain}"


def _difference(a: ComparedModel, b: ComparedModel, pairs: Sequence[ComparedPair]) -> Interval:
    """Return the accuracy of A minus that of B."""
    for each in pairs:
        found = each.pair.test.difference
        if (each.a, each.b) == (a, b):
            return found
        if (each.a, each.b) == (b, a):
            value, low, high = (None if end is None else -end for end in (found.value, found.high, found.low))
            return Interval(value=value, low=low, high=high, note=found.note)
    return Interval()


def _size(model: ComparedModel) -> str:
    return f"{model.parameters / 1e6:.1f} million weights, {model.ms_per_picture:.0f} ms a picture"
