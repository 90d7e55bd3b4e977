"""Clients of the services of an AWS account, and plain messages for their errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from discern.errors import UsageError

_INSTALL = 'pip install "boto3>=1.35"'
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 60, 3  # not tuned
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_REJECTED = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationErrorException"}
"""Error codes of calls that the credentials do not permit."""


class AccountClients:
    """Clients by service, each created once.

    `AWS_ENDPOINT_URL`, the region and the credentials are those of the environment and of AWS's own files.

    Args:
        region: region; None for that of the environment.

    Raises:
        UsageError: the client library is not installed, or no region is set.
    """

    def __init__(self, region: str | None = None) -> None:
        try:
            import boto3  # noqa: PLC0415 - an extra of the installation
            from botocore.config import Config  # noqa: PLC0415
        except ImportError as error:
            raise UsageError("Calls to AWS need boto3, which is not installed.", hint=f"Run `{_INSTALL}`.") from error
        self._session = boto3.Session(region_name=region)
        self._config = Config(
            connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries={"total_max_attempts": _ATTEMPTS}
        )
        self._clients: dict[str, Any] = {}
        if not self._session.region_name:
            hint = "Set AWS_REGION, such as us-east-1."
            raise UsageError("No AWS region is set.", hint=hint)

    @property
    def region(self) -> str:
        """Return the region of the clients."""
        return str(self._session.region_name)

    def __getitem__(self, service: str) -> Any:
        if service not in self._clients:
            with plain_errors():
                self._clients[service] = self._session.client(service, config=self._config)
        return self._clients[service]

    def check_credentials(self) -> None:
        """Check that credentials are set.

        Raises:
            UsageError: there are none, or only a part of them.
        """
        with plain_errors():
            if self._session.get_credentials() is None:
                raise UsageError("No AWS credentials are set.", hint=_CREDENTIALS)


_CREDENTIALS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure` or `aws sso login`."


@contextmanager
def plain_errors() -> Iterator[None]:
    """Convert the errors of the client library to messages that name the cause and the remedy.

    Raises:
        UsageError: a call failed.
    """
    import botocore.exceptions as failures  # noqa: PLC0415 - an extra of the installation

    try:
        yield
    except (failures.NoCredentialsError, failures.PartialCredentialsError, failures.CredentialRetrievalError) as error:
        raise UsageError(f"AWS credentials cannot be used: {error}.", hint=_CREDENTIALS) from error
    except failures.ProfileNotFound as error:
        raise UsageError(f"{error}.", hint="Correct AWS_PROFILE.") from error
    except failures.WaiterError as error:
        hint = "Look at it in the AWS console, and run the command again."
        raise UsageError(f"AWS did not finish in time or failed: {error}.", hint=hint) from error
    except failures.ClientError as error:
        raise _explain(error) from error
    except (failures.HTTPClientError, failures.ConnectionError) as error:
        hint = "Check the network, the region and AWS_ENDPOINT_URL."
        raise UsageError(f"AWS cannot be reached: {error}.", hint=hint) from error
    except failures.BotoCoreError as error:
        raise UsageError(f"The call to AWS failed: {error}.", hint="Check the settings of AWS.") from error


def error_code(error: Exception) -> str:
    """Return the code of an error of a call to AWS, or "" for another error."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _explain(error: Any) -> UsageError:
    code, said = error_code(error), error.response.get("Error", {}).get("Message", "")
    call = getattr(error, "operation_name", "call")
    if code in _EXPIRED:
        return UsageError("The AWS credentials have expired.", hint="Sign in again, such as by `aws sso login`.")
    if code in _REJECTED:
        return UsageError("AWS does not accept the credentials.", hint=_CREDENTIALS)
    if code in DENIED:
        return UsageError(f"The credentials do not permit {call}: {said}", hint="Ask for that permission.")
    return UsageError(f"AWS refused {call} ({code}): {said}", hint="Check the settings, and run the command again.")
