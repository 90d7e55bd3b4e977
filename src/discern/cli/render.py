"""Functions that print the results of commands as text or JSON."""

import json as jsonlib
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import typer

from discern.cli.metric_lines import (
    MOST_CLASSES,
    class_table,
    clear_classes,
    describe_difference,
    describe_numbers,
    format_calibration,
    format_interval,
    format_rate,
)
from discern.errors import shorten

_UNUSED = {
    "label_conflict": "under another label as well (find them with check, and correct them with --fixes)",
    "leak": "of which a near-copy is in a later part",
    "negative": "of none of the classes (_other)",
}


@dataclass
class State:
    """Global options that apply to all commands of the command line."""

    debug: bool = False


state = State()


def show(value: dict[str, Any], *, json: bool, lines: Callable[[dict[str, Any]], Iterator[str]]) -> None:
    """Print the result of a command as JSON or text, with addresses in buckets for what was copied there."""
    value = _with_addresses(value)
    if json:
        show_json(value)
        return
    for line in lines(value):
        typer.echo(one_line(line))


def _with_addresses(value: Any) -> Any:
    """Replace paths in local copies of a bucket by the addresses that they stand for."""
    if isinstance(value, dict):
        return {name: _with_addresses(each) for name, each in value.items()}
    if not isinstance(value, str) or "buckets" not in value:
        return value
    from discern.buckets.mirror import address_of

    return address_of(value)


def show_answer(value: dict[str, Any], *, json: bool) -> None:
    """Print the prediction for one image, or the error that prevented it."""
    if json:
        show_json(value)
        return
    if "error" in value:
        typer.echo(one_line(f"{shorten(value['path'])}: {_problem(value['error'])}"))
    else:
        typer.echo(one_line(f"{value['path']}: [{value['decision']}] {value['message']}"))


def _problem(error: dict[str, Any]) -> str:
    return f"{error['message']} {error['hint']}".rstrip()


def show_json(value: dict[str, Any]) -> None:
    """Print a JSON object on one line of ASCII characters."""
    typer.echo(jsonlib.dumps(value, allow_nan=False))


def check(value: dict[str, Any]) -> Iterator[str]:
    """Format a `CheckResult` as lines of text."""
    yield from _account(value, of="this data set", page=value["page"])
    for name, count in value["findings"].items():
        if count:
            yield f"  {name:<18} {count}"
    yield f"report: {value['page']}"
    yield f"fixes:  {value['fixes']}  (edit it, then apply it with --fixes)"
    if "plots" in value:
        yield f"plots:  {value['plots']}"


def split(value: dict[str, Any]) -> Iterator[str]:
    """Format a `SplitResult` as lines of text."""
    # Labels in one part only have a line of their own.
    yield from _account(value | {"unjudged": []}, of="this data set", page=f"{value['run']}/run.json")
    yield ", ".join(f"{count} {part}" for part, count in value["pictures"].items())
    yield value["reason"]
    if unused := [f"{count} {_UNUSED[reason]}" for reason, count in value["unused"].items() if count]:
        lists = f"{value['out'] or value['run']}/{'split.csv' if value['out'] else 'split.json'}"
        yield f"in no part: {', '.join(unused)}; see {lists}"
    if value["unjudged"]:
        yield f"labels without two independent pictures, in one part only: {', '.join(value['unjudged'])}"
    yield f"proof: {value['split']}"
    if value["out"]:
        yield f"parts: {value['out']}"


def train(
    value: dict[str, Any], *, counts: dict[str, Any] | None = None, basis: dict[str, Any] | None = None
) -> Iterator[str]:
    """Format a `TrainResult` as lines of text.

    Args:
        value: the result in JSON.
        counts: errors of predicted numbers if there are any.
        basis: number of `pictures` that are evaluated, their `weight` and `groups`.
    """
    yield from _account(value, of="this bundle", page=value["report"])
    accuracy = value["accuracy"]
    unlike = accuracy.get("unlike") or {}
    if unlike.get("alarm"):
        yield from _unlike_alarm(value["report"])
    yield f"leak-free accuracy:        {format_interval(accuracy['leak_free'])}  ({accuracy['leak_free']['method']})"
    if few := accuracy["leak_free"].get("few_groups"):
        named = [f"{label} ({groups})" for label, groups in few.items()]
        more = f" and {len(named) - MOST_CLASSES} more" if len(named) > MOST_CLASSES else ""
        classes = ", ".join(named[:MOST_CLASSES]) + more
        yield f"it is pessimistic for classes of fewer than five independent groups: {classes}"
    if basis:
        yield f"measured on:               {_basis(basis, sum(value['classes'].values()))}"
    if unlike.get("value") is not None:
        yield f"on unlike pictures:        {format_interval(unlike)}; pessimistic, as all look-alikes were held out"
    elif unlike.get("note"):
        yield f"on unlike pictures:        not measured: {unlike['note']}"
    yield f"random-split accuracy:     {format_interval(accuracy['naive'])}"
    if accuracy["given"]:
        yield f"accuracy on given parts:   {format_interval(accuracy['given'])}"
    if ece := value.get("ece"):
        yield f"calibration error:         {format_calibration(ece)}"
    if policy := value["policy"]:
        yield from _policy(policy)
    if counts:
        yield f"error of the numbers:      {describe_numbers(counts)}"
    yield from _method(value.get("method") or {})
    yield f"took {sum(value['seconds'].values()):.1f} s"
    yield f"report: {value['report']}"
    yield f"bundle: {value['bundle']}"


def _unlike_alarm(report: str) -> Iterator[str]:
    yield "CAREFUL: the accuracy probably holds only for pictures like the learned ones. Pictures depend on each other"
    yield f"  in a way that no check has found; {report} shows pairs of them."
    yield '  Say which belong together, with --group-by or a column "group" of a list, and train again.'


def _method(method: dict[str, Any]) -> Iterator[str]:
    facts, name, why = "", method.get("name", "probe"), method.get("why", "")
    if method.get("epochs") is not None:
        facts = f", best epoch {method['best_epoch']} of {method['epochs']}, {method['parameters']:,} parameters"
    # That of the plain probe is the default; a preset may lead to it as well, and `auto` says why it does.
    if facts or name != "probe" or "--preset" in why:
        yield f"method:                    {name}{facts}. {why}"


def _basis(basis: dict[str, Any], used: int | None = None) -> str:
    from discern.reporting.evaluated_text import describe_evaluated  # the command line starts without polars

    return describe_evaluated(basis, used=used)


def _policy(policy: dict[str, Any]) -> Iterator[str]:
    if policy.get("asked") == "auto":
        limit, origin = policy["risk"], "of 5, 10 and 20 %"
        told = f"{limit:.0%}, the strictest {origin} that holds" if limit else f"none {origin} holds"
        yield f"error limit:               {told}"
    yield f"accepted without review:   {policy['share']:.0%} of the predictions. {policy['sentence']}"
    if offered := policy.get("offered"):
        yield f"a limit that would hold:   {offered['share']:.0%} of the predictions. {offered['sentence']}"
        yield f"  {offered['command']}"


def _account(value: dict[str, Any], *, of: str, page: str) -> Iterator[str]:
    # Imported late: the command line starts without polars.
    from discern.catalog.account import Account
    from discern.reporting.account_text import describe_account

    yield from describe_account(
        Account.from_json(value), of=of, listed_in=f"all in {page}", file=value["left_out_file"] or "the report"
    )


def batch(value: dict[str, Any]) -> Iterator[str]:
    """Format a `PredictToResult` as lines of text."""
    counts = [f"{count:,} {decision}" for decision, count in value["decisions"].items()]
    unusable = [f"{value['unusable']:,} unusable"] if value["unusable"] else []
    yield f"{value['pictures']:,} pictures: {', '.join(counts + unusable)}"
    if value["resumed"]:
        yield f"resumed after {value['resumed']:,} earlier predictions"
    rate = (value["pictures"] - value["resumed"]) / max(value["seconds"], 1e-3)
    yield f"took {value['seconds']:.1f} s, {rate:,.0f} pictures/s"
    yield f"predictions: {value['out']}"
    if value["sheet"]:
        yield f"review sheet: {value['sheet']}"


def sort(value: dict[str, Any]) -> Iterator[str]:
    """Format a `SortResult` as lines of text."""
    for folder, count in sorted(value["copied"].items()):
        yield f"{folder}/  {count:,}"
    if value["unusable"]:
        yield f"{value['unusable']:,} unusable, listed and not copied"
    if value["resumed"]:
        yield f"resumed after {value['resumed']:,} earlier predictions"
    yield f"undo: discern unsort {shlex.quote(value['undo'])}"


def unsort(value: dict[str, Any]) -> Iterator[str]:
    """Format an `UnsortResult` as lines of text."""
    yield f"{value['removed']:,} copies removed"
    if value["missing"]:
        yield f"{len(value['missing']):,} were no longer there"
    if value["changed"]:
        yield f"{len(value['changed']):,} were edited and stay:"
        yield from (f"  {path}" for path in value["changed"])


def fix(value: dict[str, Any]) -> Iterator[str]:
    """Format a `FixResult` as lines of text."""
    yield f"{sum(value['rows'].values()):,} of {value['pictures']:,} pictures to drop"
    for rule, count in value["rows"].items():
        yield f"  {rule:<18} {count:,}"
    if value["classes"]:
        yield f"by class: {', '.join(f'{label} {count:,}' for label, count in value['classes'].items())}"
    yield f"fixes: {value['fixes']}  (apply it with --fixes)"


def print_hints(hints: Iterable[str]) -> None:
    """Print suggestions for the user to standard error."""
    for hint in hints:
        typer.echo(f"hint: {one_line(hint)}", err=True)


def evaluate(value: dict[str, Any]) -> Iterator[str]:
    """Format an `EvaluateResult` as lines of text."""
    page = value.get("page")
    yield f"accuracy on {value['pictures']} pictures: {format_interval(value['accuracy'])}"
    if value.get("weight"):
        yield f"measured on: {_basis(value)}"
    if classes := value.get("per_class"):
        yield from class_table(classes, page=page)
    yield from _against(value)
    if ece := value.get("ece"):
        yield f"calibration error: {format_calibration(ece)}"
    yield from _excluded(value)
    yield from _decisions(value)
    if ordered := value["ordered"]:
        within_one, baseline = ordered["within_one"], f"always the median label: {ordered['constant_mae']:.3f}"
        yield f"ordinal error: {ordered['mae']:.3f} labels on average ({baseline}), at most 1: {within_one:.1%}"
    if counts := value.get("counts"):
        yield f"error of the numbers: {describe_numbers(counts, value['intervals'].get('count_gain'))}"
    for name in value["fell_short"]:
        reason = "has too few pictures for an interval" if value[name]["low"] is None else "may be below its minimum"
        yield f"FELL SHORT: {name} {reason}"
    if page:
        yield f"page: {page}"


def _against(value: dict[str, Any]) -> Iterator[str]:
    for other in value["against"]:
        yield f"accuracy of {other['of']}: {format_interval(other['accuracy'])}"
        yield f"difference on the same pictures: {describe_difference(other['difference'])}"
        if counts := other.get("counts"):
            yield f"error of its numbers: {describe_numbers(counts, other['intervals'].get('count_gain'))}"
        if clear := list(clear_classes(other)):
            yield "differences in the recall of single classes that are more than chance:"
            yield from clear


def _decisions(value: dict[str, Any]) -> Iterator[str]:
    if value["unknown"]:
        auroc, rejected = (format_interval(value["unknown"][name]) for name in ("auroc", "rejected"))
        yield f"unknown pictures: AUROC {auroc}, rejected {rejected}"
        yield f"known pictures not rejected: {format_interval(value['unknown']['kept'])}"
    if policy := value["policy"]:
        if policy["share"] is not None:
            accepted, error = format_rate(value, "share", policy["share"]), format_interval(policy["error"])
            yield f"accepted without review: {accepted} of the known pictures; error rate among them: {error}"
        if policy["strangers_accepted"] is not None:
            yield f"unknown pictures accepted: {format_rate(value, 'strangers_accepted', policy['strangers_accepted'])}"
    if (sets := value["conformal"]) and sets["coverage"] is not None:
        coverage = format_rate(value, "coverage", sets["coverage"])
        yield f"prediction sets: coverage {coverage}, {sets['size']:.2f} labels on average"


def _excluded(value: dict[str, Any]) -> Iterator[str]:
    # Imported late: the command line starts without polars.
    from discern.reporting.account_text import describe_reasons
    from discern.reporting.excluded_text import describe_excluded

    yield from describe_excluded(value)
    others = {reason: count for reason, count in value.get("left_out", {}).items() if reason != "unreadable"}
    if reasons := describe_reasons(others):
        yield f"left out: {reasons}"


def bundle(value: dict[str, Any]) -> Iterator[str]:
    """Format the description of a model bundle as lines of text."""
    yield f"{value['name']}  version {value['version']}  {value['fingerprint']}"
    yield f"labels:    {', '.join(value['labels'])}"
    if accuracy := value["metrics"].get("accuracy"):
        yield f"accuracy:  {format_interval(accuracy['leak_free'])}"
    yield f"backbone:  {value['backbone'].get('name', 'unnamed')} at {value['recipe']['size']} px"
    yield f"unknown:   above a score of {value['thresholds']['unknown']}"
    if policy := value["policy"]:
        yield f"policy:    {policy['sentence']}"


def verify(value: dict[str, Any]) -> Iterator[str]:
    """Format a `VerifyResult` as lines of text."""
    if value["passed"]:
        yield f"verified: intact, and reproduces its golden vectors  ({value['fingerprint'][:16]})"
    else:
        yield f"NOT VERIFIED: {value['why']}"


def rename(value: dict[str, Any]) -> Iterator[str]:
    """Format a `RenameResult` as lines of text."""
    yield f"labels: {', '.join(f'{old} -> {new}' for old, new in value['labels'].items()) or 'unchanged'}"
    yield f"bundle: {value['bundle']}  ({value['fingerprint'][:16]}, from {value['renamed_from'][:16]})"


def doctor(value: dict[str, Any]) -> Iterator[str]:
    """Format a `DoctorResult` as lines of text."""
    for each in value["diagnoses"]:
        yield f"{'ok ' if each['passed'] else 'BAD'} {each['name']}: {each['found']} {each['hint']}".rstrip()


def backbones(value: dict[str, Any]) -> Iterator[str]:
    """Format a `BackbonesResult` as lines of text."""
    for each in value["backbones"]:
        if each["at_hand"]:
            facts = f"{each['size']:>4} px {each['megabytes']:>8} MB {each['pictures_per_second']:>8} pictures/s"
        else:
            known = [f"{each[name]} {unit}" for name, unit in (("size", "px"), ("megabytes", "MB")) if each[name]]
            facts = ", ".join(["not at hand", *known])
        yield f"{each['name']:28} {facts:36}  {each['licence']}, {each['source']}"


def cache(value: dict[str, Any]) -> Iterator[str]:
    """Format a `CacheResult` as lines of text."""
    for shelf in value["shelves"]:
        yield f"{shelf['bytes'] / 1e6:10.1f} MB  {shelf['rows']:>8} rows  {shelf['name']}"
    yield f"{value['bytes'] / 1e6:10.1f} MB in {value['folder']}"
    if value["freed"]:
        yield f"{value['freed'] / 1e6:10.1f} MB freed"


def key(value: dict[str, Any]) -> Iterator[str]:
    """Format a `KeyResult` as lines of text."""
    yield value["key"]
    # On standard error, so that a shell variable captures the key alone.
    hint = f"Store it safely: {value['key_file']} holds only its hash. Send it as `Authorization: Bearer KEY`."
    typer.echo(one_line(hint), err=True)


def export(value: dict[str, Any]) -> Iterator[str]:
    """Format an `ExportResult` as lines of text."""
    parts = ", ".join(f"{part} {size / 1e6:.1f}" for part, size in value["bytes"].items() if size and part != "all")
    yield f"{value['files']} files, {value['bytes']['all'] / 1e6:.1f} MB ({parts})"
    yield f"site: {value['folder']}"
    yield "Any static host will do; see README.txt in the folder."


def print_now(line: str) -> None:
    """Print a line of text immediately, and keep nothing to be printed later if that fails."""
    if sys.stdout is None:  # closed by the shell
        return
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        typer.echo(one_line(line))
        return
    sys.stdout.flush()
    os.write(descriptor, f"{one_line(line)}\n".encode(sys.stdout.encoding, "backslashreplace"))


def one_line(text: str) -> str:
    r"""Escape the line breaks and control characters in a string.

    >>> print(one_line("a\nb"))
    a\nb
    """
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
