"""Functions that write a cost estimate as a proposal and as a figure."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from discern.atomic import atomic_write
from discern.errors import UsageError
from discern.flow.cost_result import CostResult
from discern.reporting.plots.break_even_figure import CostLine, Crossing, draw_break_even
from discern.reporting.plots.slide import render_png
from discern.shipping.budget import dollars, write_proposal
from discern.shipping.cost_row import DAYS

_FIGURE = "break_even"
_NO_CENTS = 1000  # US dollars, from which a title names whole ones
_FILE_SUFFIXES = (".md", ".svg", ".png")


def write_cost_files(result: CostResult, out: Path, *, name: str, budget: float | None) -> CostResult:
    """Write the proposal and the figure, and return the result with their paths.

    Args:
        result: the estimate.
        out: folder to write to, which may exist; or one file, by its suffix .md, .svg or .png.
        name: name of the model or of its pictures.
        budget: US dollars of the first month; None if there is no limit.

    Raises:
        UsageError: the path cannot be written, or has another suffix.
    """
    contents: dict[str, Callable[[], bytes]] = {
        ".md": lambda: _proposal(result, name, budget).encode(),
        ".svg": lambda: _figure(result).encode(),
        ".png": lambda: render_png(_figure(result)),
    }
    if out.suffix and not out.is_dir():
        if out.suffix.lower() not in _FILE_SUFFIXES:
            hint = "Give a folder, or a file that ends with .md, .svg or .png."
            raise UsageError(f"--out cannot be a {out.suffix} file: {out}.", hint=hint)
        paths = {out: contents[out.suffix.lower()]}
    else:
        paths = {out / "BUDGET.md": contents[".md"]}
        if result.table.lines:
            paths |= {out / f"{_FIGURE}{suffix}": contents[suffix] for suffix in (".svg", ".png")}
    try:
        for path, content in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as temporary:
                temporary.write_bytes(content())
    except OSError as error:
        hint = "Free disk space, or choose another place with --out."
        raise UsageError(f"{out} cannot be written: {error.strerror or error}.", hint=hint) from error
    return replace(result, files=tuple(str(path) for path in paths))


def _proposal(result: CostResult, name: str, budget: float | None) -> str:
    return write_proposal(
        result.rows,
        chosen=result.row(result.chosen),
        name=name,
        per_day=result.workload.per_day,
        budget=budget,
        notes=result.notes,
        prices_as_of=result.prices_as_of,
        regions=result.regions,
    )


def _figure(result: CostResult) -> str:
    lines = [CostLine(name=name, points=points) for name, points in result.table.lines.items()]
    if not lines:
        hint = "Give the missing prices by --prices FILE."
        raise UsageError("The figure cannot be drawn: prices of functions are not known.", hint=hint)
    reached = [each for each in result.table.break_even if each.target == lines[0].name and each.reached]
    crossings = [Crossing(answers=each.answers_per_day or 1, dollars=each.fixed) for each in reached]
    found = sorted((each.answers_per_day or 1, each.against) for each in reached)
    numbers = ", ".join(f"{against} {answers:,.0f}" for answers, against in found)
    name = lines[0].name
    beyond = f"Cheaper than {name} from: {numbers} a day." if numbers else f"{name} is always the cheapest."
    row = result.row(name)
    amount = dollars(row.per_month) if (row.per_month or 0) < _NO_CENTS else f"${row.per_month:,.0f}"
    return draw_break_even(
        lines,
        crossings,
        title=f"{name}: {amount} a month for {row.answers / DAYS:,.10g} a day",
        under=beyond,
        current=result.workload.per_day,
    )
