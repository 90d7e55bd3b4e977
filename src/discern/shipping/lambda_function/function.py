"""Function that classifies the images in an event of AWS Lambda."""

import json
from collections.abc import Mapping
from typing import Any

from discern.bundle import Model
from discern.errors import BadRequest
from discern.inference.answer_json import response_json
from discern.inference.body_parsing import parse_references
from discern.shipping.lambda_function.function_settings import FunctionSettings
from discern.shipping.lambda_function.http_event import is_http_event
from discern.shipping.lambda_function.http_routes import HttpRoutes
from discern.shipping.lambda_function.picture_classifier import REFERENCES, PictureClassifier

_HINT = "Send an HTTP request, an event of S3, a workflow's state, or one of image_b64, image_url and s3_uri."


class LambdaFunction:
    """Function that classifies the images in an event.

    Events of API Gateway and function URLs get an HTTP response, whatever happens. For all others an error is raised,
    so that the invocation fails.

    Args:
        model: the model.
        settings: settings of the function.
    """

    def __init__(self, model: Model, settings: FunctionSettings) -> None:
        self._settings = settings
        self._classifier = PictureClassifier(model, settings)
        self._routes = HttpRoutes(self._classifier, settings)

    def __call__(self, event: Any, *, request_id: str = "") -> Any:
        """Return the answer to an event.

        Args:
            event: the event, as parsed from JSON.
            request_id: identifies the invocation in the function's log.

        Raises:
            DiscernError: the event or its image cannot be used.
            ThresholdNotMet: the prediction does not pass the workflow's filter.
        """
        if isinstance(event, Mapping) and is_http_event(event):
            return self._routes.respond(event, request_id)
        _require_json(event)
        answer = self._answer_event(event) if isinstance(event, Mapping) else None
        return self._answer_directly(event) if answer is None else answer

    def close(self) -> None:
        """End the threads that classify."""
        self._classifier.close()

    def _answer_event(self, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the answer to an event of S3 or a workflow, or None for any other event."""
        # Imported on demand: functions behind an API do without.
        from discern.shipping.lambda_function.bucket_event import answer_bucket_event, parse_bucket_event  # noqa: PLC0415
        from discern.shipping.lambda_function.workflow_states import WorkflowSteps, parse_workflow_event  # noqa: PLC0415

        objects = parse_bucket_event(event)
        if objects is not None:
            return answer_bucket_event(objects, self._classifier, self._settings)
        state = parse_workflow_event(event)
        return None if state is None else WorkflowSteps(self._classifier, self._settings).run(state, event)

    def _answer_directly(self, event: Any) -> dict[str, Any]:
        """Classify the images of a direct invocation."""
        from discern.inference.json_parsing import JsonDocument  # noqa: PLC0415 - see above

        try:
            document = JsonDocument(content=event, long_strings={})
            parsed = parse_references(document, max_pictures=self._settings.max_pictures, references=REFERENCES)
        except BadRequest as error:
            raise BadRequest(error.message, hint=_HINT) from error
        results = self._classifier.classify(parsed.pictures)
        return response_json(results, is_list=parsed.is_list)


def _require_json(event: Any) -> None:
    """Reject an event that answers cannot quote: the runtime would end with an answer that it cannot encode."""
    try:
        json.dumps(event, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadRequest("The event has NaN, half a character, or too many levels.", hint=_HINT) from error
