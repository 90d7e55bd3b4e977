"""Options of `discern serve`."""

from typing import Annotated

import typer

_CAPTURE = "Options of --capture"  # a panel of --help

RateStore = Annotated[str | None, typer.Option(help="Shared store of the rate limit for several workers: redis://...")]
MaxQueue = Annotated[int, typer.Option(min=1, help="Maximum number of queued pictures; more are rejected.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds after which a queued picture is rejected.")]
RequestTimeout = Annotated[float, typer.Option(min=0.1, help="Seconds to receive a request, and to send its response.")]
AllowedHost = Annotated[
    list[str] | None,
    typer.Option(help="Further host name of this server; loopback addresses accept only their own otherwise."),
]
TrustedProxies = Annotated[
    str, typer.Option(help="Trusted proxies: X-Forwarded-For is honoured only from these addresses.")
]
Watch = Annotated[
    bool,
    typer.Option(
        "--watch/--no-watch",
        help="Reload a bundle when its file changes, after a trial in a process.",
    ),
]

Capture = Annotated[
    str | None,
    typer.Option(
        metavar="STORE",
        help="Keep every answer with its picture in this store: a folder, or postgresql://...",
        rich_help_panel=_CAPTURE,
    ),
]
CapturePictures = Annotated[
    str | None,
    typer.Option(
        metavar="PLACE", help="Folder or s3:// address for the pictures of a database.", rich_help_panel=_CAPTURE
    ),
]
CaptureSpool = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER", help="Folder on a local disk in which answers wait for the store.", rich_help_panel=_CAPTURE
    ),
]
CaptureSample = Annotated[
    str | None,
    typer.Option(
        metavar="SAMPLE",
        help="Answers to keep: all, doubtful (and 5 % of the accepted), or a rate such as 0.1; by default all.",
        rich_help_panel=_CAPTURE,
    ),
]
CaptureDays = Annotated[
    float | None, typer.Option(help="Erase what is older than this number of days.", rich_help_panel=_CAPTURE)
]
CaptureGb = Annotated[
    float | None, typer.Option(help="Erase the oldest pictures beyond this size in GB.", rich_help_panel=_CAPTURE)
]
NoPictures = Annotated[
    bool, typer.Option("--no-pictures", help="Keep embeddings and no pictures.", rich_help_panel=_CAPTURE)
]
LookSeconds = Annotated[
    float, typer.Option(min=1, help="Seconds between looks at what was kept.", rich_help_panel=_CAPTURE)
]
AlertWebhook = Annotated[
    str | None, typer.Option(help="Address to which each new alarm is posted.", rich_help_panel=_CAPTURE)
]
