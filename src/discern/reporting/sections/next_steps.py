"""What to do next: a few concrete actions, the most useful first, drawn from everything known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from discern.reporting.display_names import Names
from discern.reporting.formatting import errs_too_often, listed, percent, plural
from discern.reporting.sections.check_descriptions import CHECKS
from discern.reporting.sections.learning_curve_section import advised
from discern.reporting.verdict import BASELINES, equal_baselines

if TYPE_CHECKING:
    from discern.evaluating import Metrics

MOST = 5
_CLASSES_NAMED = 4
_FREQUENT = 3
_ENOUGH_TURNED_AWAY = 0.8


@dataclass(frozen=True, kw_only=True)
class Step:
    """One action: what to do, why, and where on the page it is shown ("" for nowhere)."""

    title: str
    text: str
    anchor: str = ""


def next_steps(metrics: "Metrics", faults: Mapping[str, int], anchors: Mapping[str, str]) -> tuple[Step, ...]:
    """At most five actions.

    Args:
        metrics: a run's metrics; missing parts are not spoken of.
        faults: how many findings each check has.
        anchors: where the page of each class is, by label.
    """
    steps = [
        *_distrust(metrics, faults),
        *_labels(faults),
        *_few_groups(metrics),
        *_unjudged(metrics),
        *_promise(metrics),
        *_more_pictures(metrics),
        *_mix_up(metrics, anchors),
        *_strangers(metrics),
        *_clean_up(faults),
    ]
    return tuple(steps[:MOST]) or (_try_it(),)


def _distrust(metrics: "Metrics", faults: Mapping[str, int]) -> Iterator[Step]:
    rivals = equal_baselines(metrics)
    if rivals:
        anchor = "fault-shortcut" if faults.get("shortcut") else "good"
        yield Step(
            title="Doubt it for now",
            text=f"On these pictures, {BASELINES.get(rivals[0], rivals[0])} does about as well. Find out what gives "
            "the classes away, and take pictures without it.",
            anchor=anchor,
        )
    elif faults.get("shortcut"):
        yield Step(
            title="Take some pictures under other conditions",
            text="Something beside the subject, such as the camera or the light, tells the classes apart. Mix these "
            "between the classes, or the figures will not hold elsewhere.",
            anchor="fault-shortcut",
        )


def _labels(faults: Mapping[str, int]) -> Iterator[Step]:
    doubtful, conflicts = faults.get("likely_wrong_label", 0), faults.get("label_conflict", 0)
    if conflicts:
        yield Step(
            title=f"Decide on {plural(conflicts, 'picture')} with two labels",
            text="The same picture is called two things. Drop the wrong one in fixes.csv and train again with it.",
            anchor="fault-label_conflict",
        )
    if doubtful:
        yield Step(
            title=f"Look through {plural(doubtful, 'label')} that {'is' if doubtful == 1 else 'are'} probably wrong",
            text="In fixes.csv keep the lines that you agree with, delete the others, and train again with the fixes.",
            anchor="fault-likely_wrong_label",
        )


def _few_groups(metrics: "Metrics") -> Iterator[Step]:
    accuracy = metrics.accuracy.leak_free
    if accuracy.value is not None and accuracy.low is None:
        yield Step(
            title="Collect more pictures that were taken independently",
            text="At least 20 scenes, objects or films in all: with fewer nobody can say how far the figures are off.",
            anchor="good",
        )


def _unjudged(metrics: "Metrics") -> Iterator[Step]:
    labels = [Names.of(metrics.names).say(label) for label in metrics.split.unevaluated]
    if labels:
        yield Step(
            title=f"Take pictures of a second object or film of {listed(labels, most=_CLASSES_NAMED)}",
            text="All pictures there belong together, so how well they are known could not be measured.",
            anchor="classes",
        )


def _promise(metrics: "Metrics") -> Iterator[Step]:
    policy = metrics.policy
    if policy is not None and policy.t_accept is None and policy.needed and not errs_too_often(policy):
        asked = f"at most {percent(policy.max_error, digits=0)} are wrong"
        yield Step(
            title=f"Add at least {plural(policy.needed, 'independent picture')}, so that answers may stand alone",
            text=f"Until then nobody can say that {asked}, and every answer waits for a person.",
            anchor="work",
        )


def _more_pictures(metrics: "Metrics") -> Iterator[Step]:
    advice, names = advised(metrics), Names.of(metrics.names)
    if advice:
        wanted = [f"{each.range} of “{names.say(each.label)}”" for each in advice]
        yield Step(
            title=f"Add pictures: about {listed(wanted, most=3)}",
            text="The learning curve still rises, and these classes have the most to gain.",
            anchor="growth",
        )


def _mix_up(metrics: "Metrics", anchors: Mapping[str, str]) -> Iterator[Step]:
    confused = metrics.classification.confused if metrics.classification else ()
    frequent = [each for each in confused if each.count >= _FREQUENT]
    if not frequent:
        return
    worst, names = max(frequent, key=lambda each: each.count), Names.of(metrics.names)
    flat = metrics.learning_curve is not None and metrics.learning_curve.flat
    remedy = (
        "Look whether their labels are right and clear." if flat else "More pictures of both, or clearer labels, help."
    )
    yield Step(
        title=f"Compare “{names.say(worst.truth)}” with “{names.say(worst.predicted)}”",
        text=f"It takes the first for the second {percent(worst.share)} of the time, its most frequent mix-up. "
        f"{remedy}",
        anchor=anchors.get(worst.truth, "confusion"),
    )


def _strangers(metrics: "Metrics") -> Iterator[Step]:
    rejected = metrics.negatives.rejected.value if metrics.negatives else None
    if rejected is not None and rejected < _ENOUGH_TURNED_AWAY:
        yield Step(
            title="Add pictures of what is none of the classes",
            text=f"It turns away only {percent(rejected, digits=0)} of the strangers it was tried on; the rest get a "
            "label. More such pictures let it learn the difference.",
            anchor="certainty",
        )


def _clean_up(faults: Mapping[str, int]) -> Iterator[Step]:
    small = faults.get("small_class", 0)
    if small:
        yield Step(
            title=f"Add pictures to {plural(small, 'class', 'classes')} with too few",
            text="Taken independently of each other: another object, place or day.",
            anchor="fault-small_class",
        )
    rest = {check: number for check, number in faults.items() if check not in _TOLD and number}
    if rest:
        all_of_them, most = sum(rest.values()), max(rest, key=lambda check: rest[check])
        other = "other " if all_of_them < sum(faults.values()) else ""
        kind = CHECKS[most].title if most in CHECKS else most
        yield Step(
            title=f"Go through the {other}{plural(all_of_them, 'finding')}",
            text=f"{'Mostly' if len(rest) > 1 else 'All'} “{kind}”. Each says what to do about it.",
            anchor="faults",
        )


_TOLD = frozenset({"likely_wrong_label", "label_conflict", "shortcut", "small_class"})


def _try_it() -> Step:
    return Step(
        title="Try it on pictures of your own",
        text="Give it pictures that it has never seen, with `discern evaluate`.",
    )
