"""Commands that inspect and rename bundles, and inspect the installation and the cache."""

from typing import Annotated

import typer

from discern.cli import render
from discern.cli.common_options import Bundle, Cache, Json
from discern.cli.exit_codes import FELL_SHORT
from discern.cli.importing import importing


def show(bundle: Bundle, json: Json = False) -> None:
    """Describe a model bundle: labels, metrics, thresholds, backbone.

    Example: discern show runs/bananas/model.discern
    """
    with importing():
        from discern.flow.show import show

    render.show(show(bundle), json=json, lines=render.bundle)


def verify(
    bundle: Bundle,
    fingerprint: Annotated[str | None, typer.Option(help="Fingerprint that the bundle must have.")] = None,
    json: Json = False,
) -> None:
    """Verify that a model bundle is intact and predicts as it did.

    The exit code is 1 if the check fails.

    Example: discern verify runs/bananas/model.discern
    """
    with importing():
        from discern.flow.verify import verify

    result = verify(bundle, fingerprint=fingerprint)
    render.show(result.to_json(), json=json, lines=render.verify)
    raise typer.Exit(0 if result.passed else FELL_SHORT)


def rename(
    bundle: Bundle,
    names: Annotated[
        str, typer.Option(help="CSV of label,alias and any of name,spoken,route; the old label is the alias.")
    ],
    out: Annotated[str, typer.Option(help="Bundle to write; a new file.")],
    json: Json = False,
) -> None:
    """Write a bundle with other labels or names, without training.

    Predictions differ in names alone. The bundle itself is not changed.

    Example: discern rename runs/scones/model.discern --names names.csv --out scones.discern
    """
    with importing():
        from discern.flow.rename import rename

    result = rename(bundle, names, out)
    render.show(result.to_json(), json=json, lines=render.rename)
    render.print_hints(result.notes)


def doctor(cache: Cache = None, json: Json = False) -> None:
    """Check that Discern and its dependencies work on this machine.

    The exit code is 1 if a check fails.

    Example: discern doctor
    """
    with importing():
        from discern.flow.doctor import doctor

    result = doctor(cache=cache)
    render.show(result.to_json(), json=json, lines=render.doctor)
    raise typer.Exit(0 if result.passed else FELL_SHORT)


def backbones(cache: Cache = None, json: Json = False) -> None:
    """List the known backbones, and measure those at hand.

    Example: discern backbones
    """
    with importing():
        from discern.flow.backbone_list import backbones

    render.show(backbones(cache=cache).to_json(), json=json, lines=render.backbones)


def cache(
    prune: Annotated[bool, typer.Option("--prune", help="Delete the least recently used entries.")] = False,
    keep: Annotated[float, typer.Option(min=0, help="GB that --prune keeps.")] = 0.0,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Show the size of the cache, or remove its oldest entries.

    Example: discern cache --prune --keep 5
    """
    with importing():
        from discern.flow.cache import cache as inspect_cache

    result = inspect_cache(prune_to=keep * 1e9 if prune else None, folder=cache)
    render.show(result.to_json(), json=json, lines=render.cache)
