"""Clients of the services of an AWS account, and plain messages for their errors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from discern.errors import UsageError

_INSTALL = "Install it with: pip install boto3"
_CREDENTIALS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure` or `aws sso login`."
_SIGN_IN = "Sign in again, such as by `aws sso login`."
_CONNECT_SECONDS, _READ_SECONDS = 5, 30  # not tuned
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_REJECTED = {
    *("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException"),
    *("AuthFailure", "InvalidAccessKeyId", "InvalidToken", "IncompleteSignature"),
    *("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
}
_WRONG_TIME = {"RequestTimeTooSkewed", "RequestInTheFuture"}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationErrorException", "403"}
_THROTTLED = {
    *("Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded"),
    *("SlowDown", "RequestThrottled"),
}
_BY_CODE = (
    (_EXPIRED, "The AWS credentials have expired.", _SIGN_IN),
    (_REJECTED, "AWS does not accept the credentials.", _CREDENTIALS),
    (_WRONG_TIME, "AWS does not accept the time of this machine.", "Set the clock, and run the command again."),
    (_DENIED, "The credentials do not permit {call}: {said}.", "Ask for that permission."),
    (_THROTTLED, "AWS limits the rate of {call}: {said}.", "Run the command again in some minutes."),
)
"""Codes of answers, with message and remedy."""

_BY_CLASS = (
    ({"NoCredentialsError"}, "No AWS credentials are set.", _CREDENTIALS),
    ({"SSOError", "LoginError", "TokenRetrievalError"}, "The AWS credentials have expired: {said}.", _SIGN_IN),
    ({"PartialCredentialsError", "CredentialRetrievalError"}, "AWS credentials cannot be used: {said}.", _CREDENTIALS),
    ({"ProfileNotFound"}, "{said}.", "Correct AWS_PROFILE."),
    (
        {"WaiterError"},
        "AWS did not finish in time or failed: {said}.",
        "Look at it in the AWS console, and run the command again.",
    ),
    (
        {"ParamValidationError", "ValidationError"},
        "AWS cannot be called with these values: {said}.",
        "Correct the name that the message mentions.",
    ),
    (
        {"HTTPClientError", "ConnectionError"},
        "AWS cannot be reached: {said}.",
        "Check the network, the region and AWS_ENDPOINT_URL.",
    ),
)
"""Names of exceptions of the client library, or of their bases, with message and remedy."""


_region: ContextVar[str | None] = ContextVar("region", default=None)


@contextmanager
def calls_in(region: str | None) -> Iterator[None]:
    """Context manager for calls to a region of AWS instead of that of the environment; None: that one."""
    token = _region.set(region)
    try:
        yield
    finally:
        _region.reset(token)


class AccountClients:
    """Clients by service, each created once.

    `AWS_ENDPOINT_URL`, the region and the credentials are those of the environment and of AWS's own files.

    Args:
        region: region; None for that of `calls_in`, or else of the environment.
        read_seconds: time that an answer may take.
        default_region: region if none is set anywhere; None: there must be one.
        connect_seconds: time that a connection may take.
        attempts: number of attempts of a call; None for the library's default.

    Raises:
        UsageError: the client library is not installed, no region is set, or the settings of AWS are invalid.
    """

    def __init__(
        self,
        region: str | None = None,
        *,
        read_seconds: int = _READ_SECONDS,
        default_region: str | None = None,
        connect_seconds: int = _CONNECT_SECONDS,
        attempts: int | None = None,
    ) -> None:
        try:
            import boto3  # noqa: PLC0415 - an extra of the installation
            import botocore.session  # noqa: PLC0415
            from botocore.config import Config  # noqa: PLC0415
        except ImportError as error:
            raise UsageError("Calls to AWS need boto3, which is not installed.", hint=_INSTALL) from error
        # Other tools of AWS read AWS_REGION first; the library does not read it at all.
        region = region or _region.get() or os.environ.get("AWS_REGION") or None
        with plain_errors():
            core = botocore.session.get_session()
            core.register_component("data_loader", _loader())
            region = region or core.get_config_variable("region") or default_region
            self._session = boto3.Session(botocore_session=core, region_name=region)
            retries = {"mode": "standard"} | ({} if attempts is None else {"total_max_attempts": attempts})
            self._config = Config(connect_timeout=connect_seconds, read_timeout=read_seconds, retries=retries)
        self._clients: dict[str, Any] = {}
        if not self._session.region_name:
            raise UsageError("No AWS region is set.", hint="Set AWS_REGION, such as us-east-1.")

    @property
    def region(self) -> str:
        """Return the region of the clients."""
        return str(self._session.region_name)

    @property
    def credentials(self) -> Any:
        """Return the credentials of the session, which refresh themselves; None if there are none."""
        return self._session.get_credentials()

    def __getitem__(self, service: str) -> Any:
        """Return the client of a service, such as "s3".

        Raises:
            UsageError: there are no credentials, or the region or `AWS_ENDPOINT_URL` is invalid.
        """
        if service not in self._clients:
            self.check_credentials()
            try:
                with plain_errors():
                    self._clients[service] = self._session.client(service, config=self._config)
            except ValueError as error:
                hint = "Correct AWS_ENDPOINT_URL, or the setting that the message names."
                raise UsageError(f"The settings of AWS are invalid: {error}.", hint=hint) from error
        return self._clients[service]

    def check_credentials(self) -> None:
        """Check that credentials are set.

        Raises:
            UsageError: there are none, or only a part of them.
        """
        with plain_errors():
            if self._session.get_credentials() is None:
                raise UsageError("No AWS credentials are set.", hint=_CREDENTIALS)


@cache
def _loader() -> Any:
    """Return the loader of the descriptions of services, which keeps them: reading one takes up to 0.3 seconds."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - an extra of the installation

    return create_loader(os.environ.get("AWS_DATA_PATH"))


@contextmanager
def plain_errors() -> Iterator[None]:
    """Convert the errors of the client library to messages that name the cause and the remedy.

    Raises:
        UsageError: a call failed.
    """
    import boto3.exceptions as transfers  # noqa: PLC0415 - an extra of the installation
    import botocore.exceptions as failures  # noqa: PLC0415

    try:
        yield
    except transfers.S3UploadFailedError as error:
        raise _explain(error.__context__ or error) from error
    except (failures.ClientError, failures.BotoCoreError) as error:
        raise _explain(error) from error


def error_code(error: BaseException | None) -> str:
    """Return the code of an error of a call to AWS, or "" for another error."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def concerns_credentials(error: BaseException | None) -> bool:
    """Return True if AWS does not accept the credentials, for whatever call."""
    return error_code(error) in _EXPIRED | _REJECTED | _WRONG_TIME


def _explain(error: BaseException) -> UsageError:
    if code := error_code(error):
        return _explain_code(error, code)
    said = " ".join(str(error).split()).rstrip(".")
    names = {each.__name__ for each in type(error).__mro__}
    for known, message, hint in _BY_CLASS:
        if known & names:
            return UsageError(message.format(said=said), hint=hint)
    return UsageError(f"The call to AWS failed: {said}.", hint="Check the settings of AWS.")


def _explain_code(error: Any, code: str) -> UsageError:
    said = " ".join(str(error.response["Error"].get("Message", "")).split()).rstrip(".")
    call = getattr(error, "operation_name", "the call")
    for known, message, hint in _BY_CODE:
        if code in known:
            return UsageError(message.format(call=call, said=said), hint=hint)
    return UsageError(f"AWS refused {call} ({code}): {said}.", hint="Check the settings, and run the command again.")
