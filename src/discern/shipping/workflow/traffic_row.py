"""Row of the table of test pictures that went through a workflow."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from discern.shipping.aws.workflow_runs import FinishedRun
from discern.shipping.workflow.task_states import BELOW_THRESHOLD

OUTCOMES = ("accepted", "below", "failed", "unfinished")


@dataclass(frozen=True, kw_only=True)
class TrafficRow:
    """Outcome of one test picture.

    Attributes:
        path: path of the picture in its folder.
        outcome: "accepted", "below" the threshold, "failed" or "unfinished".
        label: label of the answer; None if there is none.
        decision: decision of the model; None likewise.
        confidence: confidence of the answer; None likewise.
        expected: label that the picture's folder names; None if it names none.
        error: name of the error, or "".
        cause: explanation of the error, or "".
        seconds: duration of the execution.
    """

    path: str
    outcome: str
    label: str | None = None
    decision: str | None = None
    confidence: float | None = None
    expected: str | None = None
    error: str = ""
    cause: str = ""
    seconds: float = 0.0

    @classmethod
    def from_run(cls, path: str, run: FinishedRun, *, expected: str | None) -> "TrafficRow":
        """Return the row of a finished execution.

        Below the threshold, the cause of the error is the answer.
        """
        below = run.error == BELOW_THRESHOLD
        if run.status == "RUNNING":
            outcome = "unfinished"
        else:
            outcome = "accepted" if run.status == "SUCCEEDED" else "below" if below else "failed"
        answer = _answer(run.cause) if below else _answer((run.output or {}).get("answer"))
        return cls(
            path=path,
            outcome=outcome,
            label=answer.get("label"),
            decision=answer.get("decision"),
            confidence=answer.get("confidence"),
            expected=expected,
            error=run.error or ("" if run.status in ("SUCCEEDED", "RUNNING") else run.status),
            cause="" if below else run.cause,
            seconds=run.seconds,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the row as a JSON-serialisable dictionary."""
        return asdict(self)


def count_outcomes(rows: Sequence[TrafficRow]) -> dict[str, Any]:
    """Return how many pictures had each outcome, and the share of right labels among accepted ones of known label.

    Keys:
        pictures: number of pictures.
        accepted, below, failed, unfinished: number of each outcome.
        right: share of right labels among accepted pictures whose folder names a label; null if there are none.
    """
    counted = Counter(row.outcome for row in rows)
    judged = [row for row in rows if row.outcome == "accepted" and row.expected is not None]
    right = sum(row.label == row.expected for row in judged) / len(judged) if judged else None
    return {"pictures": len(rows), **{name: counted[name] for name in OUTCOMES}, "right": right}


def _answer(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
