"""Functions that plan and create deployments (`discern ship`)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from discern.bundle import load
from discern.display.displayed import Displayed
from discern.errors import UsageError
from discern.flow.paths import resolve_output, resolve_path
from discern.flow.shipped_site import add_site
from discern.inference.verified_model import require_verified
from discern.shipping.plan import Plan
from discern.shipping.plan_folder import plan_folder
from discern.shipping.ship_registry import find_ship_target
from discern.shipping.ship_target import ShippedBundle, ShipTarget
from discern.shipping.site.site_target import SiteOptions

_PATHS = frozenset(("cache", "examples", "runtime", "wheels"))


@dataclass(frozen=True, kw_only=True, repr=False)
class ShipResult(Displayed):
    """Result of `discern.ship`, with the plan and the resources created.

    Attributes:
        plan: the plan.
        folder: folder with the plan's files; None if they were not kept.
        created: addresses and names of what was created; None if nothing was.
    """

    plan: Plan
    folder: Path | None
    created: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            target: name of the target.
            plan: steps, each with `text` and `creates`: the kind of the resource that it creates, or null.
            files: paths of the written files, relative to the output folder.
            unpacked_bytes: size of the deployed package when unpacked; null if there is none.
            zipped_bytes: its size as a zip archive; null if there is none.
            cost: a row of the cost table; null if the cost is not known.
            created: addresses and names of what was created; absent if nothing was.
        """
        return self.plan.to_json() | ({} if self.created is None else {"created": dict(self.created)})


def ship(
    target: str,
    bundle: str | Path,
    out: str | Path | None = None,
    *,
    dry_run: bool = False,
    yes: bool = False,
    announce: Callable[[Plan], None] | None = None,
    **options: Any,
) -> ShipResult:
    """Plan the deployment of a model bundle, and create it on confirmation.

    Args:
        target: name of the target, such as "lambda".
        bundle: path of the bundle.
        out: folder for all files that would be used; an unchanged earlier plan in it is replaced. None: they are not
            kept.
        dry_run: create nothing.
        yes: create what is planned; without it, nothing is created.
        announce: called with the plan before anything is created.
        options: options of the target; those that are None keep their defaults.

    Raises:
        BundleError: the bundle cannot be used.
        UsageError: the target is unknown, an option does not apply to it, the folder contains other files, or something
            needed cannot be obtained.
    """
    if dry_run and yes:
        raise UsageError("--dry-run creates nothing and --yes confirms to create.", hint="Pass one of them.")
    found, path = find_ship_target(target), resolve_path(bundle)
    config = _configure(found, options, path)
    folder = None if out is None else resolve_output(out)
    with _output(folder, found.name) as written:
        shipped = _verify(path)
        plan = found.plan(shipped, written, config)
        if announce is not None:
            announce(plan)
        if folder is None:
            created = found.create(shipped, written, config) if yes else None
    if folder is not None:
        created = found.create(shipped, folder, config) if yes else None
    return ShipResult(plan=plan, folder=folder, created=created)


def has_option(target: str, name: str) -> bool:
    """Return True if a target has an option of that name.

    Raises:
        UsageError: the target is unknown.
    """
    return name in _option_names(find_ship_target(target))


def _option_names(target: ShipTarget) -> list[str]:
    return [item.name for item in fields(target.options_type) if item.metadata.get("given", True)]


@contextmanager
def _output(folder: Path | None, target: str) -> Iterator[Path]:
    """Context manager for the folder to write to, which is temporary if none is given."""
    if folder is not None:
        with plan_folder(folder, target) as written:
            yield written
        return
    with TemporaryDirectory(prefix="discern-ship-") as temporary:
        yield Path(temporary)


def _configure(target: ShipTarget, options: Mapping[str, Any], bundle: Path) -> Any:
    """Build a target's options from those given, and reject those that it does not have."""
    given = {name: value for name, value in options.items() if value is not None}
    given |= {name: resolve_path(given[name]) for name in _PATHS & given.keys()}
    known = _option_names(target)
    if others := sorted(given.keys() - set(known)):
        spelled = ", ".join(f"--{name.replace('_', '-')}" for name in known)
        raise UsageError(
            f"--{others[0].replace('_', '-')} does not apply to the target {target.name}.",
            hint=f"Its options are: {spelled}." if spelled else "It has no options of its own.",
        )
    config = target.options_type(**given)
    return add_site(config, bundle) if isinstance(config, SiteOptions) else config


def _verify(path: Path) -> ShippedBundle:
    model = load(path)
    require_verified(model, path)
    return ShippedBundle(path=path, model=model)
