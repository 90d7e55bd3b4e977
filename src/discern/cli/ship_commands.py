"""Command that plans and creates deployments (`discern ship`)."""

from typing import Annotated

import typer

from discern.cli import render, ship_lines
from discern.cli.common_options import Cache, Examples, Json
from discern.cli.importing import importing
from discern.cli.ship_options import Api, Cpus, ImageName, MaxReplicas, MinReplicas, Place, Runtime
from discern.errors import UsageError

_TARGETS = "lambda, container, kubernetes, or site: the page alone."


def ship(
    target: Annotated[str, typer.Argument(help=_TARGETS)],
    bundle: Annotated[str | None, typer.Argument(help="Path of a bundle, such as runs/NAME/model.discern.")] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder for all files that would be used: package, template and roles; new or empty."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, and create nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Create what is planned.")] = False,
    arch: Annotated[str | None, typer.Option(help="Processor of the function: x86_64 or arm64.")] = None,
    image: Annotated[
        bool | None, typer.Option("--image", help="Deploy the function as a container image instead of a zip archive.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(help="Memory of the function or container in MB; by default as measured.")
    ] = None,
    speech: Annotated[str | None, typer.Option(help="Speak answers on request: polly.")] = None,
    allow_urls: Annotated[
        bool | None, typer.Option("--allow-urls", help="Let the function fetch pictures given as image_url.")
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(help="Bucket whose pictures the function answers, and may read by s3_uri.")
    ] = None,
    queue: Annotated[
        str | None, typer.Option(help="ARN of the SQS queue for those answers; by default beside the pictures.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Least probability that passes the filter; by default the model's decision.")
    ] = None,
    cors: Annotated[str | None, typer.Option(help="Origin whose pages may call the function; by default all.")] = None,
    all_formats: Annotated[
        bool | None, typer.Option("--all-formats", help="Let the function read AVIF and HEIC as well (9 MB more).")
    ] = None,
    wheels: Annotated[str | None, typer.Option(help="Folder of wheels to use without any download.")] = None,
    python: Annotated[str | None, typer.Option(help="Python 3.12 that compiles the package.")] = None,
    image_name: ImageName = None,
    cpus: Cpus = None,
    min_replicas: MinReplicas = None,
    max_replicas: MaxReplicas = None,
    api: Api = None,
    place: Place = None,
    runtime: Runtime = None,
    examples: Examples = None,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Plan a deployment, and create it with --yes.

    The plan is printed first. Without --yes nothing is created.

    Example: discern ship lambda runs/bananas/model.discern --out lambda/ --dry-run
    """
    if bundle is None:
        raise UsageError(f"There is no bundle to deploy to {target}.", hint="Pass its path after the target.")
    with importing():
        from discern.flow.ship import ship

    result = ship(
        target,
        bundle,
        out,
        dry_run=dry_run,
        yes=yes,
        announce=None if json else ship_lines.show_plan,
        arch=arch,
        image=image,
        memory=memory,
        speech=speech,
        allow_urls=allow_urls,
        bucket=bucket,
        queue=queue,
        threshold=threshold,
        cors=cors,
        all_formats=all_formats,
        wheels=wheels,
        python=python,
        cache=cache,
        image_name=image_name,
        cpus=cpus,
        min_replicas=min_replicas,
        max_replicas=max_replicas,
        api=api,
        place=place,
        runtime=runtime,
        examples=examples,
    )
    if json:
        render.show_json(result.to_json())
        return
    for line in ship_lines.outcome(result.to_json(), out=out, dry_run=dry_run):
        typer.echo(render.one_line(line))
