"""Options of a workflow in AWS Step Functions."""

import re
from dataclasses import dataclass
from typing import Literal

from discern.errors import UsageError

ROUTES = ("none", "label", "route")
MAX_INLINE_CONCURRENCY = 40
"""Items of a Map state in a workflow that run at once, by the quota of Step Functions."""

MAX_ITEMS = 500
"""Pictures of one execution: about 30 events each, of the 25,000 that a history may have."""

# It stands in a policy, in which other characters have a meaning.
_FOLDER = re.compile(r"[\w-][\w.-]*/(?:[\w-][\w.-]*/)*")


@dataclass(frozen=True, kw_only=True)
class WorkflowOptions:
    """Options of a workflow in AWS Step Functions.

    Attributes:
        threshold: confidence from which an answer passes; None for the bundle's own decisions.
        route_by: "label" for one branch for each label, "route" for one for each destination in names.csv, or "none".
        map: whether an execution classifies a list of pictures.
        concurrency: pictures of a list that are classified at once.
        tolerate: pictures of a list that may fail before the execution fails.
        review_prefix: prefix of the keys to which pictures are copied that did not pass; None for no copies.
        notify: whether failures are announced by SNS.
        function: ARN of the Lambda function that runs the tasks; only needed to create the workflow.
        bucket: bucket of the pictures, to which the function is given access; likewise.
    """

    threshold: float | None = None
    route_by: Literal["none", "label", "route"] = "none"
    map: bool = False
    concurrency: int = 10
    tolerate: int = 5
    review_prefix: str | None = None
    notify: bool = False
    function: str | None = None
    bucket: str | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise UsageError(f"Invalid threshold: {self.threshold}.", hint="Write it like .93, above 0 and at most 1.")
        if self.route_by not in ROUTES:
            raise UsageError(f"Unknown routing: {self.route_by!r}.", hint=f"Use one of: {', '.join(ROUTES)}.")
        if not 1 <= self.concurrency <= MAX_INLINE_CONCURRENCY:
            raise UsageError(
                f"Invalid concurrency: {self.concurrency}.", hint=f"Use 1 to {MAX_INLINE_CONCURRENCY} pictures at once."
            )
        if not 0 <= self.tolerate < MAX_ITEMS:
            raise UsageError(
                f"Invalid number of tolerated failures: {self.tolerate}.", hint=f"Use 0 to {MAX_ITEMS - 1}."
            )
        if self.review_folder is not None and not _FOLDER.fullmatch(self.review_folder):
            raise UsageError(
                f"Invalid review prefix: {self.review_prefix!r}.",
                hint="Name a folder in the bucket in letters, digits and -_./, such as review/.",
            )

    @property
    def review_folder(self) -> str | None:
        """Return the review prefix with one slash at its end, or None."""
        return None if self.review_prefix is None else f"{self.review_prefix.strip('/')}/"
