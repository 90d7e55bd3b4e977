"""Errors over HTTP: each error type has one status."""

import pytest

from discern import errors
from discern.errors import DiscernError
from discern.inference.error_status import error_headers, error_json, http_status

STATUS = {
    errors.EmptyFile: 400,
    errors.NotAPicture: 415,
    errors.TruncatedPicture: 422,
    errors.DamagedPicture: 422,
    errors.PictureTooLarge: 413,
    errors.BadRequest: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.RequestTooLarge: 413,
    errors.UnsupportedBody: 415,
    errors.RateExceeded: 429,
    errors.Overloaded: 503,
    errors.BundleDamaged: 503,
    errors.StoreError: 500,
    DiscernError: 500,
}


@pytest.mark.parametrize("kind", STATUS)
def test_each_error_has_its_status(kind: type[DiscernError]) -> None:
    assert http_status(kind("a message")) == STATUS[kind]


def test_every_request_error_of_a_server_has_a_status_below_500_or_503() -> None:
    kinds = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.RequestError)}
    for kind in kinds - {errors.RequestError, errors.Unreachable}:
        assert http_status(kind("a message")) < 500 or kind is errors.Overloaded


def test_the_body_has_a_code_a_message_and_a_hint() -> None:
    assert error_json(errors.BadRequest("wrong", hint="do this")) == {
        "error": {"code": "bad_request", "message": "wrong", "hint": "do this"}
    }


def test_headers_say_when_to_retry_and_how_to_authenticate() -> None:
    assert error_headers(errors.RateExceeded("wait", retry_after=1.2)) == {"Retry-After": "2"}
    assert error_headers(errors.Overloaded("wait")) == {"Retry-After": "1"}
    assert error_headers(errors.Unauthorized("no key")) == {"WWW-Authenticate": "Bearer"}
    assert error_headers(errors.BadRequest("wrong")) == {}
