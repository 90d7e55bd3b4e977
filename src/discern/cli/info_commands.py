"""The commands that say what there is: `discern show`, `discern verify`, `discern doctor`, `discern cache`."""

from typing import Annotated

import typer

from discern.cli import render
from discern.cli.common_options import Bundle, Cache, Json
from discern.cli.exit_codes import FELL_SHORT


def show(bundle: Bundle, json: Json = False) -> None:
    """Say what is known of a bundle: labels, figures, thresholds, backbone.

    Example: discern show runs/bananas/model.discern
    """
    from discern.flow.show import show

    render.show(show(bundle), json=json, words=render.bundle)


def verify(
    bundle: Bundle,
    fingerprint: Annotated[str | None, typer.Option(help="The fingerprint it must have.")] = None,
    json: Json = False,
) -> None:
    """Check that a bundle is whole and answers here as it did where it was made; exit with 1 if not.

    Example: discern verify runs/bananas/model.discern
    """
    from discern.flow.verify import verify

    result = verify(bundle, fingerprint=fingerprint)
    render.show(result.to_json(), json=json, words=render.verify)
    raise typer.Exit(0 if result.passed else FELL_SHORT)


def doctor(cache: Cache = None, json: Json = False) -> None:
    """Try what Discern needs on this machine.

    Example: discern doctor
    """
    from discern.flow.doctor import doctor

    result = doctor(cache=cache)
    render.show(result.to_json(), json=json, words=render.doctor)
    raise typer.Exit(0 if result.passed else FELL_SHORT)


def cache(
    prune: Annotated[bool, typer.Option("--prune", help="Free what was used longest ago.")] = False,
    keep: Annotated[float, typer.Option(min=0, help="How many GB --prune keeps.")] = 0.0,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Say what is kept so that nothing is computed twice, or free it.

    Example: discern cache --prune --keep 5
    """
    from discern.flow.cache import cache as caching

    result = caching(prune_to=keep * 1e9 if prune else None, folder=cache)
    render.show(result.to_json(), json=json, words=render.cache)
