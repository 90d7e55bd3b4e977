"""Channels that carry alarms to people: a webhook and a command."""

import hashlib
import json
import random
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from discern.client.backoff import Backoff
from discern.client.request import load_httpx
from discern.errors import DiscernError, Unreachable, UsageError, shorten

TIMEOUT = 10.0
"""Seconds within which a webhook must answer; not tuned."""

_SECONDS = 20.0  # of all attempts together; not tuned
_COMMAND_SECONDS = 60.0  # not tuned
_FINAL = range(400, 500)  # a receiver that rejects an alarm rejects it again
_AGAIN = (408, 425, 429)


class AlertChannel(Protocol):
    """Protocol for what carries an alarm to people."""

    @property
    def key(self) -> str:
        """Return a name of the channel that holds no secret, to record what was sent there."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a JSON-serialisable message.

        Raises:
            DiscernError: it did not arrive.
        """


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Channel that posts each alarm as JSON to an address.

    Redirections are not followed, and the answer's content is not read. An address may contain a secret, so messages
    name its host alone.

    Attributes:
        url: address, `http://` or `https://`.
        seconds: time for all attempts together.
        pause: waits for a number of seconds between attempts.

    Raises:
        UsageError: the address is not one of these.
    """

    url: str
    seconds: float = _SECONDS
    pause: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise UsageError(
                "The address of the webhook is not one of the web.",
                hint="Write it like https://example.org/hooks/alerts.",
            )

    @property
    def key(self) -> str:
        """Return a name of the channel from the digest of its address."""
        return f"webhook-{hashlib.sha256(self.url.encode('utf-8', 'replace')).hexdigest()[:16]}"

    def send(self, message: Mapping[str, Any]) -> None:
        """Post a message, and again after a pause while the receiver is down or busy.

        Raises:
            Unreachable: no attempt was answered with success in time.
        """
        httpx, backoff = load_httpx(), Backoff(seconds=self.seconds, rng=random.Random())  # noqa: S311 - jitter
        with httpx.Client(timeout=httpx.Timeout(TIMEOUT), follow_redirects=False) as client:
            while True:
                try:
                    with client.stream("POST", self.url, json=dict(message)) as response:
                        status = response.status_code
                    if 200 <= status < 300:
                        return
                    problem = f"it answered with status {status}"
                    final = status not in _AGAIN and (status in _FINAL or 300 <= status < 400)
                except (httpx.RequestError, httpx.InvalidURL) as error:
                    problem, final = f"it cannot be reached ({type(error).__name__})", False
                wait = None if final else backoff.pause()
                if wait is None:
                    raise self._failure(problem)
                self.pause(wait)

    def _failure(self, problem: str) -> Unreachable:
        return Unreachable(
            f"The webhook at {urlsplit(self.url).hostname} did not take an alarm: {problem}.",
            hint="Check its address; the alarm is sent again at the next look.",
        )


@dataclass(frozen=True, kw_only=True)
class AlarmCommand:
    """Channel that runs a command with each alarm as JSON on its standard input, without a shell.

    Attributes:
        command: the command and its arguments, in one string as for a shell.
        seconds: time after which it is stopped.

    Raises:
        UsageError: the command is empty, or has an open quotation mark.
    """

    command: str
    seconds: float = _COMMAND_SECONDS

    def __post_init__(self) -> None:
        if not self._words():
            raise UsageError("The command for alarms is empty.", hint="Write it like 'notify-send Discern'.")

    @property
    def key(self) -> str:
        """Return a name of the channel from the digest of its command."""
        return f"command-{hashlib.sha256(self.command.encode('utf-8', 'replace')).hexdigest()[:16]}"

    def send(self, message: Mapping[str, Any]) -> None:
        """Run the command with a message.

        Raises:
            DiscernError: it cannot be started, fails, or does not end in time.
        """
        words = self._words()
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command
                words,
                input=json.dumps(message).encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self._failure(f"did not end within {self.seconds:g} seconds") from None
        except (OSError, ValueError) as error:
            raise self._failure(f"cannot be started ({getattr(error, 'strerror', None) or error})") from error
        if done.returncode:
            said = shorten(" ".join(done.stderr.decode("utf-8", "replace").split()))
            raise self._failure(f"ended with status {done.returncode}{f': {said}' if said else ''}")

    def _words(self) -> list[str]:
        try:
            return shlex.split(self.command)
        except ValueError as error:
            raise UsageError(
                f"The command for alarms cannot be split into words: {error}.", hint="Close its quotation marks."
            ) from error

    def _failure(self, problem: str) -> DiscernError:
        return DiscernError(
            f"The command for alarms {problem}.", hint="Try it by hand; the alarm is sent again at the next look."
        )
