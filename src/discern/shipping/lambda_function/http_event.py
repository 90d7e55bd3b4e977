"""HTTP requests in events of API Gateway, in version 1 or 2 of its format, and of function URLs."""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from discern.errors import BadRequest, RequestTooLarge, UnsupportedBody

_REPLACEMENT = "\ufffd"
_JSON = "application/json"
_MAX_BODY_BYTES = 6 << 20
"""Most that Lambda passes to a function."""

_IS_BASE64 = {"true": True, "1": True, "false": False, "0": False, "": False, "none": False}


@dataclass(frozen=True, kw_only=True, eq=False)
class HttpRequest:
    """HTTP request in an event.

    Attributes:
        method: method in capital letters.
        route: last part of the path, so that stages and base paths do not matter; "" for the root.
        headers: values by name in lower case; repeated ones are joined by commas.
        query: parameters; repeated ones are joined by commas.
        body: the body.
    """

    method: str
    route: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


def is_http_event(event: Mapping[str, Any]) -> bool:
    """Return True if an event holds an HTTP request, also one without some of its fields."""
    return "httpMethod" in event or "rawPath" in event or _second_version(event) is not None


def parse_headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of the HTTP request in an event, by name in lower case."""
    return {name.lower(): value for name, value in _strings(event, "multiValueHeaders", "headers").items()}


def parse_http_event(event: Mapping[str, Any]) -> HttpRequest:
    """Parse the HTTP request in an event.

    Raises:
        BadRequest: its body is not valid base64, or was altered on its way.
        RequestTooLarge: it is larger than any that Lambda passes on.
        UnsupportedBody: its body is compressed.
    """
    http = _second_version(event)
    if http is not None:
        method, path, stage = http.get("method"), event.get("rawPath"), _text(event["requestContext"], "stage")
    else:
        method, path, stage = event.get("httpMethod"), event.get("path"), ""
    headers = parse_headers(event)
    return HttpRequest(
        method=str(method).upper(),
        route=_route(str(path or ""), stage),
        headers=headers,
        query=_strings(event, "multiValueQueryStringParameters", "queryStringParameters"),
        body=_body(event, headers),
    )


def _second_version(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the description of the request in version 2 of the format, or None."""
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, Mapping) else None
    return http if isinstance(http, Mapping) else None


def _text(values: Any, name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _route(path: str, stage: str) -> str:
    parts = [part for part in path.split("/") if part]
    return parts[-1] if parts and parts != [stage] else ""


def _strings(event: Mapping[str, Any], many: str, single: str) -> dict[str, str]:
    """Return headers or query parameters, each as one string."""
    given = (event.get(name) for name in (many, single))
    found: Mapping[Any, Any] = next((each for each in given if each and isinstance(each, Mapping)), {})
    joined = {name: ",".join(map(str, value)) if isinstance(value, list) else value for name, value in found.items()}
    return {str(name): str(value) for name, value in joined.items() if value is not None}


def _body(event: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
    body = event.get("body") or ""
    if not isinstance(body, str):
        raise BadRequest("The body of the event is not text.", hint="Invoke the function with the picture itself.")
    if headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        raise UnsupportedBody("The body is compressed.", hint="Send it without Content-Encoding.")
    if len(body) > _MAX_BODY_BYTES:
        raise RequestTooLarge(
            f"The request has {len(body):,} bytes; at most {_MAX_BODY_BYTES:,} are allowed.",
            hint="Send a smaller picture, or put it into a bucket and send its s3_uri.",
        )
    if not _is_base64(event.get("isBase64Encoded")):
        return _plain_body(body, headers.get("content-type", ""))
    try:
        return binascii.a2b_base64(body, strict_mode=True)
    except (ValueError, binascii.Error) as error:
        raise BadRequest("The body is marked as base64, but is not valid base64.", hint="Check the API.") from error


def _is_base64(flag: object) -> bool:
    try:
        return _IS_BASE64[str(flag).lower()]
    except KeyError as error:
        raise BadRequest("isBase64Encoded is neither true nor false.", hint="Check the API.") from error


def _plain_body(body: str, content_type: str) -> bytes:
    if _REPLACEMENT in body and not content_type.strip().lower().startswith(_JSON):
        raise BadRequest(
            "The API has altered the bytes of the picture, as it passes them on as text.",
            hint="Add */* to the binary media types of the API, or send JSON with image_b64.",
        )
    try:
        return body.encode()
    except UnicodeEncodeError as error:
        raise BadRequest("The body of the event is not valid text.", hint="Send JSON with image_b64.") from error
