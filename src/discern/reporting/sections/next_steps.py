"""Functions that recommend next steps to the reader of the report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from discern.reporting.display_names import DisplayNames
from discern.reporting.formatting import exceeds_error_limit, join_names, percent, plural
from discern.reporting.sections.check_descriptions import CHECKS
from discern.reporting.sections.learning_curve_section import collection_advice
from discern.reporting.unlike_text import describe_alarm
from discern.reporting.verdict import BASELINE_NAMES, equal_baselines

if TYPE_CHECKING:
    from discern.evaluating import Metrics

MAX_STEPS = 5
_CLASSES_NAMED = 4
# Fewer pictures may be chance; not tuned.
_FREQUENT = 3
# Rejected share of the negatives below which more of them are advised; not tuned.
_MIN_REJECTION_RATE = 0.8
_CHECKS_WITH_STEP = frozenset({"likely_wrong_label", "label_conflict", "shortcut", "small_class"})


@dataclass(frozen=True, kw_only=True)
class Step:
    """Action recommended to the reader of the report, with its reason.

    `anchor` is the section that shows it, "" for none.
    """

    title: str
    text: str
    anchor: str = ""


def next_steps(metrics: "Metrics", findings: Mapping[str, int], anchors: Mapping[str, str]) -> tuple[Step, ...]:
    """Recommend at most five actions to improve the classifier, most useful first.

    Args:
        metrics: a run's metrics; missing ones are skipped.
        findings: number of findings by check.
        anchors: ids of the class pages, by label.
    """
    steps = [
        *_declare_groups(metrics),
        *_question_accuracy(metrics, findings),
        *_review_labels(findings),
        *_add_groups(metrics),
        *_add_second_object(metrics),
        *_meet_error_limit(metrics),
        *_add_pictures(metrics),
        *_compare_mix_up(metrics, anchors),
        *_add_negatives(metrics),
        *_clean_up(findings),
    ]
    return tuple(steps[:MAX_STEPS]) or (_try_it(),)


def _declare_groups(metrics: "Metrics") -> Iterator[Step]:
    alarm = describe_alarm(metrics)
    if alarm is not None:
        yield Step(title="Say which pictures belong together", text=alarm.remedy, anchor="unlike")


def _question_accuracy(metrics: "Metrics", findings: Mapping[str, int]) -> Iterator[Step]:
    equal = equal_baselines(metrics)
    if equal:
        anchor = "finding-shortcut" if findings.get("shortcut") else "accuracy"
        yield Step(
            title="Do not rely on the accuracy yet",
            text=f"On these pictures, {BASELINE_NAMES.get(equal[0], equal[0])} does about as well. Find out what "
            "gives the classes away, and take pictures without it.",
            anchor=anchor,
        )
    elif findings.get("shortcut"):
        yield Step(
            title="Take some pictures under other conditions",
            text="Something other than the subject, such as the camera or the light, differs between the classes. "
            "Photograph every class under all conditions, or the accuracy will not hold elsewhere.",
            anchor="finding-shortcut",
        )


def _review_labels(findings: Mapping[str, int]) -> Iterator[Step]:
    suspects, conflicts = findings.get("likely_wrong_label", 0), findings.get("label_conflict", 0)
    if conflicts:
        yield Step(
            title=f"Decide on {plural(conflicts, 'picture')} with two labels",
            text="The same picture has two labels. Drop the wrong one in fixes.csv, then train again with --fixes.",
            anchor="finding-label_conflict",
        )
    if suspects:
        yield Step(
            title=f"Review {plural(suspects, 'label')} that {'is' if suspects == 1 else 'are'} probably wrong",
            text="In fixes.csv, keep the lines that you agree with, delete the others, then train again with --fixes.",
            anchor="finding-likely_wrong_label",
        )


def _add_groups(metrics: "Metrics") -> Iterator[Step]:
    accuracy = metrics.accuracy.leak_free
    if accuracy.value is not None and accuracy.low is None:
        yield Step(
            title="Collect more pictures that were taken independently",
            text="At least 20 scenes, objects or videos in all, none with far more pictures than the others: "
            "with fewer, the accuracy has no interval.",
            anchor="accuracy",
        )


def _add_second_object(metrics: "Metrics") -> Iterator[Step]:
    labels = [DisplayNames.from_metrics(metrics.names).text(label) for label in metrics.split.unevaluated]
    if labels:
        yield Step(
            title=f"Take pictures of a second object or scene of {join_names(labels, most=_CLASSES_NAMED)}",
            text="All pictures of it belong together, so its accuracy could not be measured."
            if len(labels) == 1
            else "All pictures of each of them belong together, so their accuracy could not be measured.",
            anchor="classes",
        )


def _meet_error_limit(metrics: "Metrics") -> Iterator[Step]:
    policy = metrics.policy
    if policy is not None and policy.t_accept is None and policy.needed and not exceeds_error_limit(policy):
        limit = percent(policy.max_error, digits=0)
        pictures = plural(policy.needed, "independent picture")
        yield Step(
            title=f"Add at least {pictures}, so that predictions can be accepted without review",
            text=f"With fewer, an error of at most {limit} cannot be proven, and a person must confirm every one.",
            anchor="accept-policy",
        )


def _add_pictures(metrics: "Metrics") -> Iterator[Step]:
    advice, names = collection_advice(metrics), DisplayNames.from_metrics(metrics.names)
    if advice:
        ranges = [f"{each.range} of “{names.text(each.label)}”" for each in advice]
        yield Step(
            title=f"Add pictures: about {join_names(ranges, most=3)}",
            text="The learning curve is still rising, and these classes have the most to gain.",
            anchor="learning-curve",
        )


def _compare_mix_up(metrics: "Metrics", anchors: Mapping[str, str]) -> Iterator[Step]:
    confused = metrics.classification.confused if metrics.classification else ()
    frequent = [each for each in confused if each.count >= _FREQUENT]
    if not frequent:
        return
    worst, names = max(frequent, key=lambda each: each.count), DisplayNames.from_metrics(metrics.names)
    flat = metrics.learning_curve is not None and metrics.learning_curve.flat
    remedy = (
        "Check that their labels are correct and clearly defined."
        if flat
        else "More pictures of both, or clearer labels, help."
    )
    yield Step(
        title=f"Compare “{names.text(worst.truth)}” with “{names.text(worst.predicted)}”",
        text=f"The most frequent mix-up: {percent(worst.share)} of the first are taken for the second. {remedy}",
        anchor=anchors.get(worst.truth, "confusion"),
    )


def _add_negatives(metrics: "Metrics") -> Iterator[Step]:
    rejected = metrics.negatives.rejected.value if metrics.negatives else None
    if rejected is not None and rejected < _MIN_REJECTION_RATE:
        yield Step(
            title="Add pictures of none of the classes",
            text=f"Only {percent(rejected, digits=0)} of such pictures are called unknown; the others get a "
            "label. Train with more of them (--negatives).",
            anchor="confidence",
        )


def _clean_up(findings: Mapping[str, int]) -> Iterator[Step]:
    small = findings.get("small_class", 0)
    if small:
        yield Step(
            title=f"Add pictures to {plural(small, 'class', 'classes')} with too few",
            text="Take them independently of each other: another object, place or day.",
            anchor="finding-small_class",
        )
    rest = {check: number for check, number in findings.items() if check not in _CHECKS_WITH_STEP and number}
    if rest:
        total, most = sum(rest.values()), max(rest, key=lambda check: rest[check])
        other = "other " if total < sum(findings.values()) else ""
        check = CHECKS[most].title if most in CHECKS else most
        yield Step(
            title=f"Review the {other}{plural(total, 'finding')}",
            text=f"{'Mostly' if len(rest) > 1 else 'All'} “{check}”. Each comes with a remedy.",
            anchor="findings",
        )


def _try_it() -> Step:
    return Step(
        title="Test it on pictures of your own",
        text="Run `discern evaluate` on labelled pictures that are not in this dataset.",
    )
