"""Commands that serve and export models (`discern serve`, `discern key` and `discern export`)."""

from pathlib import Path
from typing import Annotated

import typer

from discern.cli import render, serve_options
from discern.cli.common_options import Bundle, Cache, Examples, Json
from discern.cli.importing import importing
from discern.display.progress_bar import progress_bar
from discern.inference.batch_config import BatchConfig
from discern.serving.config import MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS, ServeConfig


def serve(
    bundles: Annotated[
        list[str], typer.Argument(help="Bundles, each as PATH or NAME=PATH; the first is the default model.")
    ],
    host: Annotated[str, typer.Option(help="Address to bind.")] = ServeConfig.host,
    port: Annotated[int, typer.Option(help="Port to bind; 0 picks a free one.")] = ServeConfig.port,
    workers: Annotated[int, typer.Option(help="Number of worker processes.")] = ServeConfig.workers,
    key_file: Annotated[str | None, typer.Option(help="File of API keys, as written by discern key.")] = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Allow remote requests without an API key.")] = False,
    rate_limit: Annotated[str | None, typer.Option(help="Pictures per client, such as 60/minute.")] = None,
    rate_store: serve_options.RateStore = None,
    max_mb: Annotated[float, typer.Option(min=0.001, help="Maximum picture size in MB.")] = MAX_PICTURE_BYTES / 1e6,
    max_pictures: Annotated[int, typer.Option(min=1, help="Maximum pictures per request.")] = ServeConfig.max_pictures,
    max_batch: Annotated[int, typer.Option(min=1, help="Maximum batch size of the model.")] = BatchConfig.max_batch,
    max_wait_ms: Annotated[float, typer.Option(min=0, help="Maximum time that a picture waits for its batch.")] = (
        BatchConfig.max_wait * 1000
    ),
    max_queue: serve_options.MaxQueue = BatchConfig.max_queue,
    timeout: serve_options.Timeout = BatchConfig.timeout,
    request_timeout: serve_options.RequestTimeout = ServeConfig.request_timeout,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU cores per worker; default: an equal share.")] = None,
    allow_urls: Annotated[bool, typer.Option("--allow-urls", help="Fetch pictures given as image_url.")] = False,
    cors: Annotated[list[str] | None, typer.Option(help="Allowed CORS origin; * for all.")] = None,
    allowed_host: serve_options.AllowedHost = None,
    trusted_proxies: serve_options.TrustedProxies = ServeConfig.trusted_proxies,
    capture: serve_options.Capture = None,
    capture_pictures: serve_options.CapturePictures = None,
    capture_spool: serve_options.CaptureSpool = None,
    capture_sample: serve_options.CaptureSample = None,
    capture_days: serve_options.CaptureDays = None,
    capture_gb: serve_options.CaptureGb = None,
    no_pictures: serve_options.NoPictures = False,
    look_seconds: serve_options.LookSeconds = ServeConfig.look_seconds,
    alert_webhook: serve_options.AlertWebhook = None,
    examples: Examples = None,
    watch: serve_options.Watch = ServeConfig.watch,
) -> None:
    """Serve model bundles over HTTP.

    The server offers REST, a web page, SageMaker and the Open Inference Protocol.

    Example: discern serve runs/bananas/model.discern --port 8000
    """
    with importing():
        from discern.flow.serve import capture_config, serve
        from discern.picture import Limits

    serve(
        bundles,
        host=host,
        port=port,
        workers=workers,
        key_file=None if key_file is None else Path(key_file),
        no_auth=no_auth,
        rate_limit=rate_limit,
        rate_store=rate_store,
        limits=Limits(max_bytes=round(max_mb * 1e6), max_pixels=MAX_PICTURE_PIXELS),
        max_pictures=max_pictures,
        batching=BatchConfig(
            max_batch=max_batch, max_wait=max_wait_ms / 1000, max_queue=max_queue, timeout=timeout, threads=threads
        ),
        request_timeout=request_timeout,
        allow_urls=allow_urls,
        cors=tuple(cors or ()),
        allowed_hosts=tuple(allowed_host or ()),
        trusted_proxies=trusted_proxies,
        examples=examples,
        watch=watch,
        look_seconds=look_seconds,
        alert_webhook=alert_webhook,
        capture=capture_config(
            capture,
            pictures=capture_pictures,
            spool=capture_spool,
            sample=capture_sample,
            days=capture_days,
            gb=capture_gb,
            no_pictures=no_pictures,
        ),
        announce=render.print_now,
    )


def key(
    name: Annotated[str, typer.Argument(help="Name of the key's owner.")],
    key_file: Annotated[str, typer.Option(help="File of API keys; created if missing.")] = "keys.txt",
    admin: Annotated[bool, typer.Option("--admin", help="Also allow replacing bundles.")] = False,
    json: Json = False,
) -> None:
    """Create an API key for a server started with --key-file.

    The key is shown once, and only its hash is stored.

    Example: discern key alice --key-file keys.txt
    """
    with importing():
        from discern.flow.serve import key as create_key

    render.show(create_key(name, key_file=key_file, admin=admin).to_json(), json=json, lines=render.key)


def export(
    bundle: Bundle,
    folder: Annotated[str, typer.Argument(help="Output folder; an earlier export there is replaced.")],
    to: Annotated[str, typer.Option(help="Export target: web, a static site.")] = "web",
    api: Annotated[
        str | None, typer.Option(help="Address of a server for predictions; by default the browser runs the model.")
    ] = None,
    runtime: Annotated[str | None, typer.Option(help="Local copy of onnxruntime-web's npm archive.")] = None,
    examples: Examples = None,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Export a web site that classifies pictures in the browser.

    No picture leaves the device, unless the site calls a server with --api.

    Example: discern export runs/bananas/model.discern --to web site/
    """
    with importing():
        from discern.flow.export import export

    with progress_bar() as progress:
        result = export(
            bundle, folder, to=to, api=api, runtime=runtime, examples=examples, cache=cache, progress=progress
        )
    render.show(result.to_json(), json=json, lines=render.export)
