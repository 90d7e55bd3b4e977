"""Functions that plan and create deployments (`discern ship`)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from discern.buckets.account_clients import calls_in
from discern.bundle import load
from discern.bundle.archive import FILE as BUNDLE
from discern.display.displayed import Displayed
from discern.errors import UsageError
from discern.flow.cost_of_plan import PER_DAY, open_pricing, price_plan
from discern.flow.paths import is_file, resolve_output, resolve_path
from discern.flow.shipped_ci import add_recipe
from discern.flow.shipped_site import add_site
from discern.inference.verified_model import require_verified
from discern.shipping.ci.ci_target import CiOptions
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
        refusal: reason why the budget is exceeded; "" if it is kept or there is none.
    """

    plan: Plan
    folder: Path | None
    created: Mapping[str, Any] | None = None
    refusal: str = ""

    @property
    def passed(self) -> bool:
        """Return True unless the budget is exceeded."""
        return not self.refusal

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            target: name of the target.
            plan: steps, each with `text` and `creates`: the kind of the resource that it creates, or null.
            files: paths of the written files, relative to the output folder.
            unpacked_bytes: size of the deployed package when unpacked; null if there is none.
            zipped_bytes: its size as a zip archive; null if there is none.
            cost: a row of the cost table, with `per_day` and `prices_as_of`; null if the cost is not known.
            cost_reason: reason why the cost is not known; absent if it is known.
            created: addresses and names of what was created; absent if nothing was.
            refusal: reason why the budget is exceeded; absent if it is kept or there is none.
        """
        created = {} if self.created is None else {"created": dict(self.created)}
        return self.plan.to_json() | created | ({"refusal": self.refusal} if self.refusal else {})


def ship(
    target: str,
    bundle: str | Path,
    out: str | Path | None = None,
    *,
    dry_run: bool = False,
    yes: bool = False,
    per_day: float = PER_DAY,
    budget: str | float | None = None,
    prices: str | Path | None = None,
    region: str | None = None,
    announce: Callable[[Plan], None] | None = None,
    **options: Any,
) -> ShipResult:
    """Plan the deployment of a model bundle, and create it on confirmation.

    Args:
        target: name of the target, such as "lambda".
        bundle: path of the bundle, or of the run in which it lies.
        out: folder for all files that would be used; an unchanged earlier plan in it is replaced. None: they are not
            kept.
        dry_run: create nothing.
        yes: create what is planned; without it, or above the budget, nothing is created.
        per_day: answers a day for which the cost is estimated.
        budget: limit of what is paid once and in the first month, such as 5 or 5USD; a plan whose cost is not known
            exceeds it.
        prices: CSV file of prices that replace those of the package or are added to them.
        region: AWS region; None for that of the environment.
        announce: called with the plan before anything is created.
        options: options of the target; those that are None keep their defaults.

    Raises:
        BundleError: the bundle cannot be used.
        UsageError: the target is unknown, an option or the file of prices is invalid, the folder contains other files,
            or something needed cannot be obtained.
    """
    if dry_run and yes:
        raise UsageError("--dry-run creates nothing and --yes confirms to create.", hint="Pass one of them.")
    found, path = find_ship_target(target), _find_bundle(resolve_path(bundle))
    pricing = open_pricing(prices, per_day, budget)
    config = _configure(found, options, path)
    if yes:
        with calls_in(region):
            found.require_ready(config)
    folder = None if out is None else resolve_output(out)
    with _output(folder, found.name) as written:
        shipped = _verify(path)
        planned = found.plan(shipped, written, config)
        plan, refusal = price_plan(planned, shipped, config, pricing)
        if announce is not None:
            announce(plan)
        confirmed = yes and not refusal
        if folder is None:
            created = _create(found, shipped, written, config, region) if confirmed else None
    if folder is not None:
        created = _create(found, shipped, folder, config, region) if confirmed else None
    return ShipResult(plan=plan, folder=folder, created=created, refusal=refusal)


def _create(target: ShipTarget, bundle: ShippedBundle, folder: Path, config: Any, region: str | None) -> dict[str, Any]:
    with calls_in(region):
        return target.create(bundle, folder, config)


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
    try:
        with TemporaryDirectory(prefix="discern-ship-") as temporary:
            yield Path(temporary)
    except OSError as error:
        hint = "Free disk space there, set TMPDIR to another folder, or pass --out."
        message = f"The plan cannot be written to the folder for temporary files: {error.strerror or error}."
        raise UsageError(message, hint=hint) from error


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
    if isinstance(config, CiOptions):
        return add_recipe(config, bundle)
    return add_site(config, bundle) if isinstance(config, SiteOptions) else config


def _find_bundle(path: Path) -> Path:
    """Return the path of the bundle in the folder of a run, or the path itself."""
    return path / BUNDLE if is_file(path / BUNDLE) else path


def _verify(path: Path) -> ShippedBundle:
    model = load(path)
    require_verified(model, path)
    return ShippedBundle(path=path, model=model)
