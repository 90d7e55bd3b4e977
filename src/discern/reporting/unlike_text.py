"""Functions that describe the accuracy on pictures unlike the learned ones, and its alarm, in sentences."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from discern.reporting.formatting import percent, percent_interval

if TYPE_CHECKING:
    from discern.evaluating import Metrics, UnlikeAccuracy

ALARM_TITLE = "The accuracy below probably holds only for pictures like the learned ones"
REMEDY = (
    "Say which pictures belong together (one photograph, subject, session or place), with --group-by or a column "
    "“group” of a list, and train again: the accuracy then counts on other subjects."
)


@dataclass(frozen=True, kw_only=True)
class UnlikeAlarm:
    """Warning that stands before all figures.

    Attributes:
        title: the warning.
        text: what it rests on.
        remedy: what to do.
    """

    title: str
    text: str
    remedy: str


def describe_unlike(metrics: "Metrics") -> str:
    """Describe the accuracy on pictures unlike the learned ones in a sentence; "" if it was not measured."""
    unlike = metrics.accuracy.unlike
    if unlike is None or unlike.value is None:
        return ""
    ends = f" ({percent_interval(unlike)})" if unlike.low is not None else ""
    return (
        f"On pictures unlike any it learned from, it is correct {percent(unlike.value)} of the time{ends}"
        f"{_coverage(unlike)}. {_pessimism(metrics)}"
    )


def describe_unmeasured(metrics: "Metrics") -> str:
    """Describe in sentences why there is no accuracy on unlike pictures, and what that means; "" if there is one."""
    unlike = metrics.accuracy.unlike
    if unlike is None or unlike.value is not None:
        return ""
    why = f": {unlike.note}" if unlike.note else ""
    return (
        f"The accuracy on pictures unlike any it learned from was not measured{why}. So no alarm tells whether "
        "pictures depend on each other in a way that no check finds, such as augmented versions of one photograph."
    )


def describe_alarm(metrics: "Metrics") -> UnlikeAlarm | None:
    """Return the warning that the accuracy rests on look-alikes, or None if there is no alarm."""
    unlike, evidence = metrics.accuracy.unlike, metrics.unlike
    if unlike is None or not unlike.alarm or evidence is None or evidence.fall is None:
        return None
    expected = sum(evidence.controls) / max(len(evidence.controls), 1)
    return UnlikeAlarm(
        title=ALARM_TITLE,
        text=f"Of pictures unlike any it learned from, {_share(unlike)} are predicted correctly. Without look-alikes, "
        f"a quickly fitted head loses {_points(evidence.fall)} points; on independent pictures of the same classes "
        f"and subclasses it would lose {_points(expected)}. So pictures that depend on each other were probably "
        "learned and tested, and no check has found them.",
        remedy=REMEDY,
    )


def _share(unlike: "UnlikeAccuracy") -> str:
    ends = f" ({percent_interval(unlike)})" if unlike.low is not None else ""
    return f"{percent(unlike.value)}{ends}"


def _coverage(unlike: "UnlikeAccuracy") -> str:
    if unlike.share is None or unlike.share >= 1:
        return ""
    return f", in the classes of {percent(unlike.share, digits=0)} of the pictures"


def _pessimism(metrics: "Metrics") -> str:
    ordinary = None if metrics.unlike is None else metrics.unlike.ordinary
    head = f", which is right on {percent(ordinary)} otherwise" if ordinary is not None else ""
    return f"This is pessimistic: whole clusters of look-alikes were held out, from a quickly fitted head{head}."


def _points(difference: float) -> str:
    return f"{100 * difference:.0f}"
