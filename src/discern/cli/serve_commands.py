"""The commands that open doors: `discern serve`, `discern key`, `discern export`."""

from pathlib import Path
from typing import Annotated

import typer

from discern.cli import render
from discern.cli.progress_bar import progress_bar


def serve(
    bundles: Annotated[list[str], typer.Argument(help="Bundles, each a path or NAME=PATH; the first is the default.")],
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes that answer.")] = 1,
    key_file: Annotated[str | None, typer.Option(help="Who may ask, as discern key writes it.")] = None,
    open_to_all: Annotated[bool, typer.Option("--open", help="Let everybody ask, also from other machines.")] = False,
    rate: Annotated[str | None, typer.Option(help="What each asker may ask, such as 60/minute.")] = None,
    rate_store: Annotated[str | None, typer.Option(help="Where several workers count together: redis://...")] = None,
    max_mb: Annotated[float, typer.Option(min=0.001, help="The largest picture, in MB.")] = 20.0,
    max_pictures: Annotated[int, typer.Option(min=1, help="In one request.")] = 64,
    max_batch: Annotated[int, typer.Option(min=1, help="Pictures in one run of the graph.")] = 4,
    max_wait_ms: Annotated[float, typer.Option(min=0, help="How long a picture may wait for its batch.")] = 0.0,
    queue: Annotated[int, typer.Option(min=1, help="Pictures that may wait; the next one is refused.")] = 128,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds after which a waiting picture is refused.")] = 30.0,
    patience: Annotated[float, typer.Option(min=0.1, help="Seconds for a request to come, an answer to go.")] = 30.0,
    threads: Annotated[int | None, typer.Option(min=1, help="Cores a worker uses; without it, its share.")] = None,
    allow_urls: Annotated[bool, typer.Option("--allow-urls", help="Fetch pictures named by image_url.")] = False,
    cors: Annotated[list[str] | None, typer.Option(help="An origin whose pages may ask; * for all.")] = None,
    behind: Annotated[str, typer.Option(help="Addresses of proxies that are believed who asks.")] = "",
    examples: Annotated[
        str | None, typer.Option(help="A folder of pictures for visitors of the page to press; they get small copies.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch/--no-watch", help="Replace a bundle when its file changes.")] = True,
) -> None:
    """Answer over HTTP: REST, a web page, SageMaker's door, the Open Inference Protocol.

    Example: discern serve runs/bananas/model.discern --port 8000
    """
    from discern.flow.serve import serve
    from discern.inference.batch_config import BatchConfig
    from discern.picture import Limits

    serve(
        bundles,
        host=host,
        port=port,
        workers=workers,
        key_file=None if key_file is None else Path(key_file),
        no_auth=open_to_all,
        rate_limit=rate,
        rate_store=rate_store,
        limits=Limits(max_bytes=round(max_mb * 1e6), max_pixels=60_000_000),
        max_pictures=max_pictures,
        batching=BatchConfig(
            max_batch=max_batch, max_wait=max_wait_ms / 1000, max_queue=queue, timeout=timeout, threads=threads
        ),
        request_timeout=patience,
        allow_urls=allow_urls,
        cors=tuple(cors or ()),
        trusted_proxies=behind,
        examples=examples,
        watch=watch,
        announce=render.say_at_once,
    )


def key(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    key_file: Annotated[str, typer.Option(help="The file of keys; made if it is not there.")] = "keys.txt",
    admin: Annotated[bool, typer.Option("--admin", help="Let it also replace bundles.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Make a key for --key-file of discern serve; it is shown once, and only its hash is kept.

    Example: discern key alice --key-file keys.txt
    """
    from discern.flow.serve import key as make

    render.show(make(name, key_file=key_file, admin=admin).to_json(), json=json, words=render.key)


def export(
    bundle: Annotated[str, typer.Argument(help="A bundle, such as runs/NAME/model.discern.")],
    folder: Annotated[str, typer.Argument(help="The folder to write; an earlier export there is replaced.")],
    to: Annotated[str, typer.Option(help="What for: web, a static site.")] = "web",
    api: Annotated[str | None, typer.Option(help="Ask this server; without it, the visitor's browser answers.")] = None,
    runtime: Annotated[str | None, typer.Option(help="A copy of onnxruntime-web's npm archive.")] = None,
    examples: Annotated[
        str | None, typer.Option(help="A folder of pictures for visitors to press; the site gets small copies.")
    ] = None,
    cache: Annotated[
        str | None, typer.Option(help="Where fetched things are kept; by default the user's cache folder.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Write a static site whose model runs in the visitor's browser; no picture leaves the device.

    Example: discern export runs/bananas/model.discern --to web site/
    """
    from discern.flow.export import export

    with progress_bar() as progress:
        result = export(
            bundle, folder, to=to, api=api, runtime=runtime, examples=examples, cache=cache, progress=progress
        )
    render.show(result.to_json(), json=json, words=render.export)
