"""Options of a function on AWS Lambda."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from discern.errors import UsageError
from discern.shipping.wheel_download import ARCHITECTURES
from discern.store import default_folder

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_CAPTURE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.()/-]{1,500}")
_QUEUE = re.compile(r"arn:(aws[a-z-]*):sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]{1,80})")
_ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.-]+(:\d{1,5})?")
_MEGABYTES = range(128, 10_241)


@dataclass(frozen=True, kw_only=True)
class LambdaOptions:
    """Options of a function on AWS Lambda.

    Attributes:
        arch: architecture of its processor: "x86_64" or "arm64".
        image: whether it is deployed as a container image instead of a zip archive.
        snapstart: whether it starts from a snapshot, which is paid for all the time.
        memory: its memory in MB; None for what the model was measured to need.
        speech: service that speaks answers on request: "polly" or None.
        allow_urls: whether it fetches pictures given as `image_url`.
        bucket: name of a bucket whose pictures it answers as they arrive, and may read by `s3_uri`.
        queue: ARN of the SQS queue that those answers go to; None: they are written beside the pictures.
        threshold: least probability that passes the filter of a workflow; None: the model's own decision.
        cors: origin whose pages may call it; "*" for all.
        capture: where exchanges are kept, `s3://BUCKET/PREFIX`; None to keep none.
        all_formats: whether it reads AVIF and HEIC pictures as well, with 9 MB more.
        wheels: folder of wheels to use without any download.
        python: interpreter of the function's Python version that compiles its modules; None to look for one.
        cache: folder that wheels are cached in.
    """

    arch: str = "x86_64"
    image: bool = False
    snapstart: bool = False
    memory: int | None = None
    speech: str | None = None
    allow_urls: bool = False
    bucket: str | None = None
    queue: str | None = None
    threshold: float | None = None
    cors: str = "*"
    capture: str | None = None
    all_formats: bool = False
    wheels: Path | None = None
    python: str | None = None
    cache: Path = field(default_factory=default_folder)

    def __post_init__(self) -> None:
        if self.arch not in ARCHITECTURES:
            raise UsageError(f"Unknown architecture: {self.arch!r}.", hint=f"Use one of: {', '.join(ARCHITECTURES)}.")
        if self.speech not in (None, "polly"):
            raise UsageError(f"Unknown speech service: {self.speech!r}.", hint="Use --speech polly, or omit it.")
        if self.memory is not None and self.memory not in _MEGABYTES:
            raise UsageError(f"--memory {self.memory} is not allowed.", hint="Use a number of MB from 128 to 10240.")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise UsageError(f"--threshold {self.threshold} is not a probability.", hint="Use a number from 0 to 1.")
        if self.bucket is not None and not _BUCKET.fullmatch(self.bucket):
            raise UsageError(f"{self.bucket!r} is not the name of a bucket.", hint="Pass the name without s3://.")
        if not _ORIGIN.fullmatch(self.cors):
            raise UsageError(f"{self.cors!r} is not an origin.", hint="Use one such as https://pictures.example.org.")
        if self.snapstart and self.image:
            raise UsageError("An image cannot start from a snapshot.", hint="Omit --snapstart, or --image.")
        if self.queue is not None and self.bucket is None:
            raise UsageError("--queue is where answers about a bucket go.", hint="Pass --bucket as well, or omit it.")
        if self.capture is not None and not _CAPTURE.fullmatch(self.capture):
            raise UsageError(f"{self.capture!r} is not a place in a bucket.", hint="Use s3://BUCKET/PREFIX.")
        _ = self.queue_url

    @property
    def queue_url(self) -> str | None:
        """Return the URL of the queue, or None if there is none."""
        if self.queue is None:
            return None
        found = _QUEUE.fullmatch(self.queue)
        if found is None:
            hint = "Pass it as arn:aws:sqs:REGION:ACCOUNT:NAME."
            raise UsageError(f"{self.queue!r} is not the ARN of an SQS queue.", hint=hint)
        partition, region, account, name = found.groups()
        domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        return f"https://sqs.{region}.{domain}/{account}/{name}"
