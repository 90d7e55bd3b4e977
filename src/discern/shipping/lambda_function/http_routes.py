"""Answers to HTTP requests that reach the function through API Gateway or its URL."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from discern.errors import BadRequest, DiscernError, MethodNotAllowed, NotFound, RequestTooLarge
from discern.inference.answer_json import invocation_json, response_json
from discern.inference.body_parsing import ParsedBody, body_parser
from discern.inference.error_status import error_headers, error_json, http_status
from discern.inference.known_labels import KnownLabels
from discern.inference.model_info import describe_model
from discern.shipping.lambda_function.function_settings import FunctionSettings
from discern.shipping.lambda_function.http_event import HttpRequest, parse_headers, parse_http_event
from discern.shipping.lambda_function.picture_classifier import REFERENCES, PictureClassifier
from discern.shipping.lambda_function.spoken_answer import MEDIA_TYPE, speak_prediction

Response = dict[str, Any]

_GET, _POST = ("GET", "HEAD"), ("POST",)
_MAX_RESPONSE_BYTES = 5_900_000  # Lambda returns 6 MB at most, with the headers
_TRUE, _FALSE = ("1", "true", "on", "yes"), ("", "0", "false", "off", "no")
_LOG = logging.getLogger("discern")


class HttpRoutes:
    """Router of HTTP requests, with the paths and responses of `discern serve`.

    Args:
        classifier: classifies the images.
        settings: settings of the function.
    """

    def __init__(self, classifier: PictureClassifier, settings: FunctionSettings) -> None:
        self._classifier, self._settings = classifier, settings
        self._name = classifier.model.manifest.name
        self._routes: Mapping[str, tuple[tuple[str, ...], Callable[[HttpRequest], Response]]] = {
            "": (_POST, self._predict),
            "predict": (_POST, self._predict),
            "invocations": (_POST, self._invocations),
            "feedback": (_POST, self._feedback),
            "model": (_GET, self._model),
            "ping": (_GET, lambda _: _json_response({})),
            "healthz": (_GET, lambda _: _json_response({"status": "ok"})),
            "readyz": (_GET, lambda _: _json_response({"status": "ready"})),
        }

    def respond(self, event: Mapping[str, Any], request_id: str) -> Response:
        """Return the HTTP response to the request in an event, also if it fails.

        Args:
            event: an HTTP event.
            request_id: identifies the request in the function's log.
        """
        origin = ""
        try:
            origin = parse_headers(event).get("origin", "")
            request = parse_http_event(event)
            response = self._route(request)
        except DiscernError as error:
            response = _json_response(error_json(error), http_status(error))
            response["headers"] |= error_headers(error)
            if http_status(error) >= 500:
                _LOG.exception("request %s failed", request_id)
        except Exception:  # noqa: BLE001 - the gateway would say no more than "Internal Server Error"
            _LOG.exception("request %s failed", request_id)
            hint = f"Look for {request_id} in the function's log."
            response = _json_response(error_json(DiscernError("Internal server error.", hint=hint)), 500)
        response["headers"] |= {"X-Request-ID": request_id, **self._cors_headers(origin)}
        return response

    def _route(self, request: HttpRequest) -> Response:
        if request.route not in self._routes:
            raise NotFound(f"There is no {request.route[:80]!r} here.", hint="Use POST /predict, or GET /model.")
        methods, respond = self._routes[request.route]
        if request.method == "OPTIONS":
            return {"statusCode": 204, "headers": {"Allow": ", ".join((*methods, "OPTIONS"))}, "body": ""}
        if request.method not in methods:
            message = f"/{request.route} does not support {request.method[:20]!r}."
            raise MethodNotAllowed(message, hint=f"Use {methods[0]}.")
        response = respond(request)
        return response | ({"body": ""} if request.method == "HEAD" else {})

    def _predict(self, request: HttpRequest) -> Response:
        parsed = self._parse(request)
        evidence = _flag(request, "evidence")
        is_spoken, wants_sound = self._speech(request)
        results = self._classifier.classify(parsed.pictures, evidence=evidence)
        body = response_json(results, is_list=parsed.is_list)
        if not is_spoken:
            return _json_response(body)
        if parsed.is_list:
            raise BadRequest("Only one answer can be spoken at a time.", hint="Send one picture, not a list.")
        speech = speak_prediction(body, voice=self._settings.voice)
        return _sound_response(speech["mp3_base64"]) if wants_sound else _json_response(body | {"speech": speech})

    def _invocations(self, request: HttpRequest) -> Response:
        parsed = self._parse(request)
        results = self._classifier.classify(parsed.pictures)
        accept = request.headers.get("accept", "")
        return _json_response(invocation_json(results, is_list=parsed.is_list, step=parsed.step, accept=accept))

    def _model(self, request: HttpRequest) -> Response:
        self._check_model(request)
        described = describe_model(self._name, self._classifier.model, [self._name])
        return _json_response(described | ({"capture": True} if self._classifier.sink else {}))

    def _feedback(self, request: HttpRequest) -> Response:
        from discern.inference.feedback_request import parse_feedback  # noqa: PLC0415 - few functions take feedback

        sink = self._classifier.sink
        if sink is None:
            raise NotFound("This function keeps no answers.", hint="Deploy it with --capture s3://BUCKET/PREFIX.")
        labels = KnownLabels.of(self._classifier.model.manifest)
        feedback = parse_feedback(request.body).feedback(labels, time=time.time(), client="")
        kept = sink.keep_feedback(feedback)
        return _json_response({"id": feedback.exchange, "label": feedback.label, "kept": kept})

    def _parse(self, request: HttpRequest) -> ParsedBody:
        self._check_model(request)
        content_type = request.headers.get("content-type", "")
        parse = body_parser(content_type, max_pictures=self._settings.max_pictures, references=REFERENCES)
        return parse(request.body)

    def _check_model(self, request: HttpRequest) -> None:
        named = request.query.get("model")
        if named not in (None, self._name):
            raise NotFound(f"There is no model {str(named)[:80]!r} here.", hint=f"Use {self._name!r}, or omit it.")

    def _speech(self, request: HttpRequest) -> tuple[bool, bool]:
        """Return whether the answer is to be spoken, and whether the response is the sound alone."""
        wants_sound = request.headers.get("accept", "").partition(";")[0].strip().lower() == MEDIA_TYPE
        if not (wants_sound or _flag(request, "speech")):
            return False, False
        if not self._settings.speech:
            raise BadRequest("This function does not speak.", hint="Deploy it with --speech polly.")
        return True, wants_sound

    def _cors_headers(self, origin: str) -> dict[str, str]:
        allowed = "*" if "*" in self._settings.origins else origin if origin in self._settings.origins else ""
        if not allowed:
            return {}
        headers = {"Access-Control-Allow-Methods": "GET, POST, OPTIONS", "Access-Control-Allow-Headers": "*"}
        return {"Access-Control-Allow-Origin": allowed, "Vary": "Origin"} | headers


def _flag(request: HttpRequest, name: str) -> bool:
    value = request.query.get(name, "").strip().lower()
    if value not in (*_TRUE, *_FALSE):
        raise BadRequest(f"{name} is {value[:40]!r}, not true or false.", hint=f"Use ?{name}=1.")
    return value in _TRUE


def _json_response(value: Any, status: int = 200) -> Response:
    body = json.dumps(value, allow_nan=False)
    if len(body) > _MAX_RESPONSE_BYTES:
        raise RequestTooLarge(
            f"The answers have more than {_MAX_RESPONSE_BYTES:,} bytes.", hint="Send fewer pictures, without evidence."
        )
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": body,
        "isBase64Encoded": False,
    }


def _sound_response(mp3_base64: str) -> Response:
    return {"statusCode": 200, "headers": {"Content-Type": MEDIA_TYPE}, "body": mp3_base64, "isBase64Encoded": True}
