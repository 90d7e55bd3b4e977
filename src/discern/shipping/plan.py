"""Plan of a deployment: the steps that would be taken and the files that they use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One step of a deployment.

    Attributes:
        text: one sentence that says what is done.
        creates: kind of the resource that the step creates, such as "AWS::Lambda::Function"; None if it creates none.
    """

    text: str
    creates: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Plan of a deployment, from which nothing has been created yet.

    Attributes:
        target: name of the target.
        steps: the steps in their order.
        files: paths of the written files relative to the output folder, with forward slashes.
        unpacked_bytes: size of the deployed package when unpacked; None if there is no package.
        zipped_bytes: its size as a zip archive; None if there is no archive.
        cost: a row of the cost table; None if the cost is not known.
        cost_reason: reason why the cost is not known; "" if it is, or was not estimated.
        by_hand: sentence on how the user creates it from the files; "" if Discern can create it.
    """

    target: str
    steps: tuple[Step, ...]
    files: tuple[str, ...]
    unpacked_bytes: int | None = None
    zipped_bytes: int | None = None
    cost: Mapping[str, Any] | None = None
    cost_reason: str = ""
    by_hand: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the plan as a JSON-serialisable dictionary.

        Keys:
            target: name of the target.
            plan: steps, each with `text` and `creates`: the kind of the resource that it creates, or null.
            files: paths of the written files, relative to the output folder.
            unpacked_bytes: size of the deployed package when unpacked; null if there is none.
            zipped_bytes: its size as a zip archive; null if there is none.
            cost: a row of the cost table, with `per_day` and `prices_as_of`; null if the cost is not known.
            cost_reason: reason why the cost is not known; absent if it is known.
        """
        return {
            "target": self.target,
            "plan": [{"text": step.text, "creates": step.creates} for step in self.steps],
            "files": list(self.files),
            "unpacked_bytes": self.unpacked_bytes,
            "zipped_bytes": self.zipped_bytes,
            "cost": None if self.cost is None else dict(self.cost),
        } | ({"cost_reason": self.cost_reason} if self.cost_reason else {})
