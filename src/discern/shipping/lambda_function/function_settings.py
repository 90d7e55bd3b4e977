"""Settings of the function on AWS Lambda, from its environment variables."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from discern.errors import UsageError

STEPS = ("serialize", "classify", "filter", "review")
SUFFIX = ".discern.json"
"""Suffix of the answers that are written beside pictures."""

_FUNCTION = Path(__file__).resolve().parents[3]
_VARIABLE = "Set the environment variable of the function."


@dataclass(frozen=True, kw_only=True, eq=False)
class FunctionSettings:
    """Settings of the function on AWS Lambda.

    Attributes:
        bundle: path of the model bundle.
        fingerprint: fingerprint that the bundle must have; "" accepts any.
        max_pictures: pictures per request.
        allow_urls: whether pictures given as `image_url` are fetched.
        buckets: names of the buckets that pictures given as `s3_uri` may be in.
        answers: where answers to S3 events go: "" beside the picture, `s3://BUCKET/PREFIX`, or the URL of an SQS queue.
        step: step of the scone workflow that this function does if the event names none.
        threshold: least probability that passes the filter; None: the decision must be "accept".
        references: whether the state of the workflow names its picture in S3 instead of holding it.
        speech: service that speaks answers: "" or "polly".
        voice: name of its voice.
        origins: origins whose pages may call the function directly; "*" for all.
        capture: where exchanges are kept, `s3://BUCKET/PREFIX`; "" to keep none.
    """

    bundle: Path = _FUNCTION / "model.discern"
    fingerprint: str = ""
    max_pictures: int = 32
    allow_urls: bool = False
    buckets: tuple[str, ...] = ()
    answers: str = ""
    step: str = "classify"
    threshold: float | None = None
    references: bool = False
    speech: str = ""
    voice: str = "Joanna"
    origins: tuple[str, ...] = ()
    capture: str = ""

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> "FunctionSettings":
        """Read the settings from environment variables.

        Raises:
            UsageError: a variable has an invalid value.
        """
        return cls(
            bundle=Path(variables.get("DISCERN_BUNDLE") or cls.bundle),
            fingerprint=variables.get("DISCERN_FINGERPRINT", "").strip().lower(),
            max_pictures=_count(variables, "DISCERN_MAX_PICTURES", cls.max_pictures),
            allow_urls=_switch(variables, "DISCERN_ALLOW_URLS"),
            buckets=_names(variables, "DISCERN_BUCKETS"),
            answers=_answers(variables.get("DISCERN_ANSWERS", "")),
            step=_choice(variables, "DISCERN_STEP", STEPS, cls.step),
            threshold=parse_threshold(variables.get("THRESHOLD") or None, "THRESHOLD"),
            references=_switch(variables, "DISCERN_REFERENCES"),
            speech=_choice(variables, "DISCERN_SPEECH", ("polly",), cls.speech),
            voice=variables.get("DISCERN_VOICE") or cls.voice,
            origins=_names(variables, "DISCERN_CORS"),
            capture=_capture(variables.get("DISCERN_CAPTURE", "")),
        )


def parse_threshold(value: object, name: str) -> float | None:
    """Parse a threshold of the filter, given as a number or as text.

    Raises:
        UsageError: it is not a probability.
    """
    if value is None:
        return None
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not 0 <= number <= 1:
        raise UsageError(f"{name} is {str(value)[:40]!r}, not a probability.", hint="Use a number from 0 to 1.")
    return number


def _switch(variables: Mapping[str, str], name: str) -> bool:
    value = variables.get(name, "").strip().lower()
    if value not in ("", "0", "1", "false", "true"):
        raise UsageError(f"{name} is {value[:40]!r}, not 0 or 1.", hint=_VARIABLE)
    return value in ("1", "true")


def _count(variables: Mapping[str, str], name: str, default: int) -> int:
    value = variables.get(name, "").strip()
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or not 0 < int(value[:9]) < 10_000:
        raise UsageError(f"{name} is {value[:40]!r}, not a number from 1 to 9,999.", hint=_VARIABLE)
    return int(value)


def _choice(variables: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    value = variables.get(name, "").strip()
    if value and value not in choices:
        raise UsageError(f"{name} is {value[:40]!r}.", hint=f"Use one of: {', '.join(choices)}.")
    return value or default


def _names(variables: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in variables.get(name, "").split(",") if part.strip())


def _answers(value: str) -> str:
    place = value.strip()
    if place and not place.startswith(("s3://", "https://", "http://")):
        hint = "Use s3://BUCKET/PREFIX, or the URL of an SQS queue; leave it empty for answers beside the pictures."
        raise UsageError(f"DISCERN_ANSWERS is {place[:80]!r}.", hint=hint)
    return place


def _capture(value: str) -> str:
    place = value.strip()
    if place and not place.startswith("s3://"):
        raise UsageError(f"DISCERN_CAPTURE is {place[:80]!r}.", hint="Use s3://BUCKET/PREFIX; leave it empty for none.")
    return place
