"""Commands that copy folders to buckets and back."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from discern.cli import render
from discern.cli.common_options import Json
from discern.cli.importing import importing
from discern.display.progress_bar import progress_bar

Address = Annotated[str, typer.Argument(metavar="s3://BUCKET/PREFIX", help="Address in a bucket.")]


def push(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder, or a file, to copy to the bucket.")],
    to: Address,
    pack: Annotated[
        bool,
        typer.Option(
            "--pack", help="Write shards of about 1,000 small files each, which all commands read as the folder."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Copy a folder to a bucket.

    Run it again to continue where it stopped.

    Example: discern push photos s3://shop/photos --pack
    """
    with importing():
        from discern.flow.push import push

    with progress_bar() as progress:
        result = push(folder, to, pack=pack, progress=progress)
    render.show(result.to_json(), json=json, lines=_describe)


def pull(
    address: Address,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder to copy to.")],
    json: Json = False,
) -> None:
    """Copy a folder from a bucket.

    Run it again to continue where it stopped. Files with other content are never replaced.

    Example: discern pull s3://shop/photos photos
    """
    with importing():
        from discern.flow.push import pull

    with progress_bar() as progress:
        result = pull(address, folder, progress=progress)
    render.show(result.to_json(), json=json, lines=_describe)


def _describe(value: dict[str, Any]) -> Iterator[str]:
    """Format a `TransferResult` as lines of text."""
    moved = f"{value['bytes'] / 1e6:,.1f} MB in {value['seconds']:,.1f} s"
    yield f"{value['files']:,} files, {moved} ({value['bytes'] / 1e6 / max(value['seconds'], 1e-3):,.1f} MB/s)"
    if value["resumed"]:
        yield f"{value['resumed']:,} of them were there already"
    if value["replaced"]:
        yield f"{value['replaced']:,} replaced other content"
    yield f"bucket: {value['address']}"
    yield f"folder: {value['folder']}"
