"""Tasks of a picture workflow in AWS Step Functions: serialize, classify, filter and review.

An event is the state of the workflow, see `workflow_step`, with the name of the task in `step`. With `by_reference` the
state names the picture in S3 and never holds its bytes, as a state may carry 256 KB.
"""

import base64
import json
import math
from collections.abc import Mapping
from typing import Any, Protocol

from discern.bundle import Model
from discern.bundle.prediction_sets import PROBABILITY_TOLERANCE
from discern.errors import BadRequest, RequestTooLarge, ThresholdNotMet
from discern.inference.json_parsing import JsonDocument, JsonLimits
from discern.inference.workflow_step import parse_step, unwrap_state
from discern.picture.file_format import identify_format

STEPS = ("serialize", "classify", "filter", "review")
"""Names of the tasks."""

_HINT = 'Send {"step", "image_data", "s3_bucket", "s3_key", "inferences"}.'
_MAX_STATE = 256 << 10  # bytes, of Step Functions
_ROOM = 4 << 10  # bytes of a state beside its picture; not tuned
_LIMITS = JsonLimits(strings=1000, lists=100, values=100_000)  # not tuned: a state of a model with many labels


class ObjectStore(Protocol):
    """Interface of a store of objects in buckets, such as S3."""

    def read(self, bucket: str, key: str) -> bytes:
        """Read an object."""

    def copy(self, bucket: str, key: str, to: str) -> None:
        """Copy an object to another key in its bucket."""


class WorkflowTasks:
    """Tasks of a picture workflow.

    Args:
        model: classifies the pictures.
        store: holds the pictures.
    """

    def __init__(self, model: Model, store: ObjectStore) -> None:
        self._model, self._store = model, store

    def __call__(self, event: Any) -> dict[str, Any]:
        """Run the task that an event names.

        Without `step`, a state with inferences is filtered, one with a picture is classified and one that only names
        its picture is serialized.

        Raises:
            BadRequest: the event is not the state of a workflow.
            PictureError: the picture cannot be used.
            RequestTooLarge: the picture does not fit into a state.
            ThresholdNotMet: the answer is not certain enough for `filter`.
        """
        state, wrapped = unwrap_state(_document(event), limits=_LIMITS, hint=_HINT)
        if not isinstance(state, dict):
            raise BadRequest("The event is not the state of a workflow.", hint=_HINT)
        step = event.get("step", state.get("step")) or _infer_step(state)
        if step == "serialize":
            return {"statusCode": 200, "body": self._serialize(state)}
        if step == "classify":
            return self._classify(event)
        if step == "filter":
            require_threshold(state)
        elif step == "review":
            state = state | {"review_key": self._review(state)}
        else:
            raise BadRequest(f"There is no step {step!r}.", hint=f"Use one of: {', '.join(STEPS)}.")
        return {"statusCode": 200, "body": state} if wrapped else state

    def _serialize(self, state: Mapping[str, Any]) -> dict[str, Any]:
        bucket, key = _place(state)
        data = self._store.read(bucket, key)
        identify_format(data, self._model.limits)
        if state.get("by_reference") is True:
            text = ""
        else:
            text = base64.b64encode(data).decode()
            if len(text) > _MAX_STATE - _ROOM:
                raise RequestTooLarge(
                    f"{key} has {len(data):,} bytes, and a state may carry {_MAX_STATE:,}.",
                    hint='Send "by_reference": true, so that the next step reads the picture from S3.',
                )
        return {"image_data": text, "s3_bucket": bucket, "s3_key": key, "inferences": []}

    def _classify(self, event: Any) -> dict[str, Any]:
        step = parse_step(_document(event), limits=_LIMITS, hint=_HINT, read=self._store.read)
        if step is None:
            raise BadRequest("The event has no image_data.", hint=_HINT)
        prediction = self._model(step.picture).to_json()
        return step.response(prediction, list(prediction["probabilities"].values()))

    def _review(self, state: Mapping[str, Any]) -> str:
        bucket, key = _place(state)
        prefix = state.get("review_prefix")
        if not isinstance(prefix, str) or not prefix.strip("/"):
            raise BadRequest("The event has no review_prefix.", hint='Send one, such as "review/".')
        folder = f"{prefix.strip('/')}/"
        if key.startswith(folder):
            return key
        self._store.copy(bucket, key, folder + key)
        return folder + key


def require_threshold(state: Mapping[str, Any]) -> None:
    """Require a state's answer to be certain enough to be passed on.

    With a `threshold` the largest of its `inferences` must reach it; otherwise its `decision` must be `accept`.

    Raises:
        BadRequest: the state has no inferences, or the threshold is not a share.
        ThresholdNotMet: the answer is not certain enough.
    """
    inferences, threshold = _inferences(state), state.get("threshold")
    if threshold is None:
        if not isinstance(state.get("decision"), str):
            raise BadRequest("The state has neither a threshold nor a decision.", hint='Send "threshold": .9.')
        passed = state["decision"] == "accept"
    elif isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 < threshold <= 1:
        raise BadRequest("The threshold is not a number between 0 and 1.", hint="Send one like .9.")
    else:
        passed = all(map(math.isfinite, inferences)) and max(inferences) >= threshold
    if not passed:
        raise ThresholdNotMet


def _inferences(state: Mapping[str, Any]) -> list[float]:
    """Return a state's inferences, given as a list or as its JSON text, with NaN for null."""
    values = state.get("inferences")
    if isinstance(values, str):
        try:
            values = json.loads(values)
        except (ValueError, RecursionError):
            raise BadRequest("inferences is not valid JSON.", hint="Send a list of numbers.") from None
    if not isinstance(values, list) or not values:
        raise BadRequest("The state has no inferences.", hint="Classify the picture first.")
    numbers = [math.nan if each is None else each for each in values]
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers):
        raise BadRequest("inferences has something other than numbers.", hint="Send a list of numbers.")
    if any(each < 0 or each > 1 + PROBABILITY_TOLERANCE for each in numbers):
        raise BadRequest("inferences has a number that is not a probability.", hint="Send numbers from 0 to 1.")
    return numbers


def _place(state: Mapping[str, Any]) -> tuple[str, str]:
    bucket, key = (state.get(name) or state.get(name.removeprefix("s3_")) for name in ("s3_bucket", "s3_key"))
    if not (isinstance(bucket, str) and bucket and isinstance(key, str) and key):
        raise BadRequest("The state does not name its picture.", hint="Send s3_bucket and s3_key.")
    return bucket, key


def _infer_step(state: Mapping[str, Any]) -> str:
    if state.get("inferences"):
        return "filter"
    return "classify" if state.get("image_data") else "serialize"


def _document(event: Any) -> JsonDocument:
    return JsonDocument(content=event, long_strings={})
