"""Functions that format cost estimates and lists of deployed resources as lines of text."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from discern.flow.cost_result import CostResult
    from discern.shipping.cost_row import CostRow

_NOTE_WIDTH = 78


def describe_costs(result: "CostResult", *, compare: bool) -> Iterator[str]:
    """Format a `CostResult` as lines of text.

    Args:
        result: the estimate.
        compare: whether to list all ways to deploy, with their assumptions, instead of the proposed one.
    """
    from discern.shipping.budget import describe_dates, dollars

    per_day = f"{result.workload.per_day:,.10g} answers a day"
    dated = f"{describe_dates(result.prices_as_of)} ({', '.join(result.regions)})"
    yield from wrapped(f"{per_day}, {dated} in US dollars, an estimate:")
    yield f"  {'':<26} {'a month':>12} {'1,000 answers':>14} {'once':>12}"
    chosen = result.row(result.chosen)
    shown = result.rows if compare else [row for row in result.rows if row is chosen or not row.answers]
    for row in shown:
        if row.parts is None:
            yield f"  {row.target:<26} {'not known':>12}"
            continue
        each = dollars(row.per_1000) if row.answers else ""
        yield f"  {row.target:<26} {dollars(row.per_month):>12} {each:>14} {dollars(row.one_off):>12}"
    if not compare:
        for part, amount in (chosen.parts or {}).items():
            yield f"    {part:<24} {dollars(amount):>12}"
    yield from _break_even_lines(result)
    yield from _assumption_lines(shown)
    for note in result.notes:
        yield from wrapped(note)
    if not compare:
        yield "--compare lists all ways to deploy."
    if result.refusal:
        yield from wrapped(f"refused: {result.refusal}")
    for path in result.files:
        yield f"written: {path}"


def _assumption_lines(rows: Iterable["CostRow"]) -> Iterator[str]:
    """Format each assumption once, with the ways that share it."""
    shared: dict[str, list[str]] = {}
    for row in rows:
        for sentence in row.assumptions:
            shared.setdefault(sentence, []).append(row.target)
    for sentence, targets in shared.items():
        yield from wrapped(f"{', '.join(targets)}: {sentence}", "  ")


def _break_even_lines(result: "CostResult") -> Iterator[str]:
    """Format the break-even numbers of the first function as a table."""
    known = [each for each in result.table.break_even if each.target == "lambda-x86" and each.answers_per_day]
    if known:
        yield from wrapped(
            f"{known[0].target} costs the same at this number of answers a day; above it, the other is "
            "cheaper if one machine keeps up:"
        )
    for each in known:
        limit = f"one machine keeps up to {each.machine_answers_per_day:,.0f}"
        yield f"  {each.against:<26} {each.answers_per_day:>12,.0f} ({limit})"


def wrapped(text: str, indent: str = "") -> list[str]:
    """Wrap a sentence to the width of a terminal, with further lines indented."""
    import textwrap

    return textwrap.wrap(
        text,
        _NOTE_WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def describe_deployed(value: dict[str, Any], *, verb: str) -> Iterator[str]:
    """Format a `DeployedResult` in JSON as lines of text.

    Args:
        value: the result.
        verb: verb for what was done, such as "removed", or "" if the resources are only listed.
    """
    for name in value["done"]:
        yield f"{verb}: {name}"
    resources = value["resources"]
    number = f"{len(resources) or 'no'} {'resource' if len(resources) == 1 else 'resources'}"
    if verb == "removed" and not value["planned"]:
        yield f"looked again in {value['region']}: {number} of Discern left"
    else:
        yield f"{value['region']}: {number}"
    for each in resources:
        owner = f"bundle {each['bundle']}" if each["bundle"] is not None else "not created by Discern"
        state = f", {each['state']}" if each["state"] else ""
        yield f"  {each['kind']:<16} {_rate(each['per_hour']):>14}  {each['name']}  ({owner}{state})"
    if resources:
        known = sum(each["per_hour"] or 0 for each in resources)
        unknown = sum(each["per_hour"] is None for each in resources)
        more = f", and {unknown} whose price is not known: give it by --prices FILE" if unknown else ""
        yield from wrapped(f"together ${known:.4g} an hour beside what is paid by use and for storage{more}")
    for sentence in (*value["failed"], *(f"not checked: {each}" for each in value["unchecked"]), *value["notes"]):
        yield from wrapped(sentence)
    if value["planned"]:
        yield "Nothing was changed; --yes does it." if resources else "There is nothing to do."


def _rate(per_hour: float | None) -> str:
    if per_hour is None:
        return "not known"
    return f"${per_hour:.4g} an hour" if per_hour else ""
