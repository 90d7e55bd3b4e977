"""`discern export`."""

from typing import Annotated

import typer

from discern.cli import render


def export(
    bundle: Annotated[str, typer.Argument(help="A bundle, such as runs/NAME/model.discern.")],
    folder: Annotated[str, typer.Argument(help="The folder to write; an earlier export there is replaced.")],
    to: Annotated[str, typer.Option(help="What for: web, a static site.")] = "web",
    api: Annotated[str | None, typer.Option(help="Ask this server; without it, the visitor's browser answers.")] = None,
    runtime: Annotated[str | None, typer.Option(help="A copy of onnxruntime-web's npm archive.")] = None,
    cache: Annotated[
        str | None, typer.Option(help="Where fetched things are kept; by default the user's cache folder.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Write a static site whose model runs in the visitor's browser; no picture leaves the device.

    Example: discern export runs/bananas/model.discern --to web site/
    """
    from discern.flow.exporting import export

    result = export(bundle, folder, to=to, api=api, runtime=runtime, cache=cache)
    render.show(result.to_json(), json=json, words=render.export)
