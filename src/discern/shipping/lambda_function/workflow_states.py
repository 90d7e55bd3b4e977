"""The steps of the scone workflow: serialize, classify and filter, and the copy for review of what does not pass."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from discern.errors import BadRequest, PictureError
from discern.inference.answer_json import step_json
from discern.inference.json_parsing import JsonDocument, JsonLimits
from discern.inference.workflow_step import WorkflowState, WorkflowStep, parse_state, state_json, wrap_state
from discern.picture import read_header
from discern.shipping.aws.runtime_services import copy_object, get_object
from discern.shipping.lambda_function.deployed_model import LIMITS
from discern.shipping.lambda_function.function_settings import STEPS, FunctionSettings, parse_threshold
from discern.shipping.lambda_function.picture_classifier import PictureClassifier

_PLACE = ("s3_key", "key")
_STATE_FIELDS = ("image_data", "inferences", *_PLACE)
_MAX_PICTURE_LETTERS = 180_000  # a state may carry 256 KB, and holds the probabilities as well
_MOST = 1.001  # probabilities of four digits may be rounded up
_LIMITS = JsonLimits(strings=4096, lists=4096, values=16_384)
_HINT = 'Pass {"image_data": "", "s3_bucket": "...", "s3_key": "..."}.'


class ThresholdNotMet(Exception):
    """Error for a prediction that does not pass the filter; its message is a contract with existing workflows."""

    def __init__(self) -> None:
        super().__init__("THRESHOLD_CONFIDENCE_NOT_MET")


def parse_workflow_event(event: Mapping[str, Any]) -> WorkflowState | None:
    """Parse the state of a workflow in an event, or return None for any other event.

    Raises:
        BadRequest: its `body` is text, but not JSON.
    """
    state = parse_state(JsonDocument(content=event, long_strings={}), limits=_LIMITS, hint=_HINT)
    return state if state is not None and any(name in state.content for name in _STATE_FIELDS) else None


class WorkflowSteps:
    """Steps of the scone workflow.

    Args:
        classifier: classifies the images.
        settings: settings of the function.
    """

    def __init__(self, classifier: PictureClassifier, settings: FunctionSettings) -> None:
        self._classifier, self._settings = classifier, settings

    def run(self, state: WorkflowState, event: Mapping[str, Any]) -> dict[str, Any]:
        """Run the step that an event names in `step`, or else the one of the settings.

        Args:
            state: the state in the event.
            event: the event, which may have `threshold` and `references` beside the state or in it.

        Raises:
            ThresholdNotMet: the prediction does not pass the filter.
            DiscernError: the state or its image cannot be used.
        """
        named = event.get("step")
        step = self._settings.step if named in (None, "") else named
        if not isinstance(step, str) or step not in STEPS:
            raise BadRequest(f"There is no step {str(step)[:40]!r}.", hint=f"Use one of: {', '.join(STEPS)}.")
        if step == "serialize":
            return self._serialize(state, event)
        if step == "review":
            return _copy_for_review(state)
        return self._classify(state) if step == "classify" else self._filter(state, event)

    def _serialize(self, state: WorkflowState, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state with its image in base64, or as a reference if it is large."""
        content = self._read(state)
        read_header(content, limits=LIMITS)
        text = base64.b64encode(content).decode()
        by_reference = self._settings.references or event.get("references") or len(text) > _MAX_PICTURE_LETTERS
        if by_reference and state.key is None:
            raise BadRequest("The picture is too large for a state, and not in S3.", hint="Put it into a bucket.")
        return wrap_state(state_json(state.bucket, state.key, picture="" if by_reference else text))

    def _classify(self, state: WorkflowState) -> dict[str, Any]:
        [result] = self._classifier.classify([self._read(state)])
        if isinstance(result, PictureError):
            raise result
        step = WorkflowStep(picture=b"", bucket=state.bucket, key=state.key, wrapped=state.wrapped)
        return step_json(step, result)

    def _filter(self, state: WorkflowState, event: Mapping[str, Any]) -> dict[str, Any]:
        inferences = _inferences(state.content.get("inferences"))
        given = event.get("threshold", state.content.get("threshold"))
        threshold = self._settings.threshold if given is None else parse_threshold(given, "threshold")
        passed = max(inferences) >= threshold if threshold is not None else _is_accepted(state)
        if not passed:
            raise ThresholdNotMet
        return wrap_state(state.content) if state.wrapped else state.content

    def _read(self, state: WorkflowState) -> bytes:
        """Return the image in a state, or the object in S3 that it names."""
        picture = state.content.get("image_data")
        if not isinstance(picture, str | None):
            raise BadRequest("image_data is not text.", hint=_HINT)
        if picture:
            return state.decode_picture()
        if not state.bucket or not state.key:
            raise BadRequest("The state holds no picture, and names none in S3.", hint=_HINT)
        return get_object(state.bucket, state.key, max_bytes=LIMITS.max_bytes)


def _copy_for_review(state: WorkflowState) -> dict[str, Any]:
    """Copy the picture of a state to the folder in `review_prefix`, and return its `review_key`."""
    prefix = state.content.get("review_prefix")
    if not isinstance(prefix, str) or not prefix.strip("/") or not state.bucket or not state.key:
        raise BadRequest("The state names no picture in S3, or no review_prefix.", hint=_HINT)
    folder = f"{prefix.strip('/')}/"
    key = state.key if state.key.startswith(folder) else folder + state.key
    if key != state.key:
        copy_object(state.bucket, state.key, to=key)
    return {"s3_bucket": state.bucket, "s3_key": state.key, "review_key": key}


def _inferences(value: object) -> list[float]:
    """Return the probabilities in a state, given as a list or as its JSON text."""
    try:
        numbers = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        numbers = None
    found = [each for each in numbers if each is not None] if isinstance(numbers, list) else []
    if not found or not all(map(_is_probability, found)):
        raise BadRequest("The state has no probabilities in inferences.", hint="Run the step classify before filter.")
    return found


def _is_probability(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST


def _is_accepted(state: WorkflowState) -> bool:
    decision = state.content.get("decision")
    if decision is None:
        raise BadRequest(
            "The state has no decision, and there is no threshold.", hint="Set THRESHOLD, or pass threshold."
        )
    return bool(decision == "accept")
