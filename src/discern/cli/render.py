"""Results as words for people, or as one JSON object for programs."""

import json as jsonlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import typer


@dataclass
class State:
    """What the options before the command said."""

    debug: bool = False


state = State()


def show(value: dict[str, Any], *, json: bool, words: Callable[[dict[str, Any]], Iterator[str]]) -> None:
    """Print a result."""
    if json:
        show_json(value)
        return
    for line in words(value):
        typer.echo(one_line(line))


def show_line(value: dict[str, Any], *, json: bool) -> None:
    """Print one picture's answer."""
    if json:
        show_json(value)
        return
    said = f"[{value['decision']}] {value['message']}" if "error" not in value else _problem(value["error"])
    typer.echo(one_line(f"{value['path']}: {said}"))


def _problem(error: dict[str, Any]) -> str:
    return f"{error['message']} {error['hint']}".rstrip()


def show_json(value: dict[str, Any]) -> None:
    """Print one object in one line; ASCII keeps any path's bytes intact, whatever the terminal's encoding."""
    typer.echo(jsonlib.dumps(value, allow_nan=False))


def check(value: dict[str, Any]) -> Iterator[str]:
    """What a check found."""
    yield f"{value['pictures']} pictures, {value['unreadable']} files that cannot be read"
    for name, count in value["findings"].items():
        if count:
            yield f"  {name:<16} {count}"
    yield f"look:  {value['page']}"
    yield f"fixes: {value['fixes']}  (edit it, then use --fixes)"


def split(value: dict[str, Any]) -> Iterator[str]:
    """What a split gave."""
    yield ", ".join(f"{count} {part}" for part, count in value["pictures"].items())
    yield value["reason"]
    if value["unjudged"]:
        yield f"no two independent pictures, so in one part alone: {', '.join(value['unjudged'])}"
    yield f"proof: {value['split']}"
    if value["out"]:
        yield f"parts: {value['out']}"


def train(value: dict[str, Any]) -> Iterator[str]:
    """What a training came to."""
    accuracy = value["accuracy"]
    yield f"accuracy, nothing leaked:    {_interval(accuracy['leak_free'])}  ({accuracy['leak_free']['method']})"
    yield f"accuracy by a random split:  {_interval(accuracy['naive'])}"
    if accuracy["given"]:
        yield f"accuracy on parts as given:  {_interval(accuracy['given'])}"
    if policy := value["policy"]:
        yield f"without a person:            {policy['share']:.0%} of the answers. {policy['sentence']}"
    yield f"took {sum(value['seconds'].values()):.1f} s"
    yield f"report: {value['report']}"
    yield f"bundle: {value['bundle']}"


def answers(value: dict[str, Any]) -> Iterator[str]:
    """What came of answering a source into a file."""
    counts = [f"{count:,} {decision}" for decision, count in value["decisions"].items()]
    unusable = [f"{value['unusable']:,} that cannot be used"] if value["unusable"] else []
    yield f"{value['pictures']:,} pictures: {', '.join(counts + unusable)}"
    if value["resumed"]:
        yield f"went on after {value['resumed']:,} that were answered before"
    rate = (value["pictures"] - value["resumed"]) / max(value["seconds"], 1e-3)
    yield f"took {value['seconds']:.1f} s, {rate:,.0f} pictures/s"
    yield f"answers: {value['out']}"
    if value["sheet"]:
        yield f"doubtful: {value['sheet']}"


def advise(hints: Iterable[str]) -> None:
    """What else could be asked for, beside the result."""
    for hint in hints:
        typer.echo(f"hint: {one_line(hint)}", err=True)


def evaluate(value: dict[str, Any]) -> Iterator[str]:
    """How a bundle did on other pictures."""
    yield f"accuracy on {value['pictures']} pictures: {_interval(value['accuracy'])}"
    for other in value["against"]:
        yield f"accuracy of {other['of']}: {_interval(other['accuracy'])}"
        yield f"difference on the same pictures: {_interval(other['difference'])}"
    yield from _left_out(value)
    if value["unknown"]:
        unknown = value["unknown"]
        yield f"strangers: AUROC {_interval(unknown['auroc'])}, rejected {_interval(unknown['rejected'])}"
        yield f"known pictures kept: {_interval(unknown['kept'])}"
    if policy := value["policy"]:
        wrong = _interval(policy["error"])
        yield f"accepted without a person: {policy['share']:.1%} of the known pictures; of these wrong: {wrong}"
        if policy["strangers_accepted"] is not None:
            yield f"strangers accepted: {policy['strangers_accepted']:.1%}"
    if sets := value["conformal"]:
        yield f"sets of labels hold the right one: {sets['coverage']:.1%}, with {sets['size']:.2f} labels on average"
    if ordered := value["ordered"]:
        always = f"always the middle label: {ordered['constant_mae']:.3f}"
        yield f"labels off on average: {ordered['mae']:.3f} ({always}), at most one: {ordered['within_one']:.1%}"
    for name in value["fell_short"]:
        why = "has too few pictures for an interval" if value[name]["low"] is None else "reaches below its floor"
        yield f"FELL SHORT: {name} {why}"


def _left_out(value: dict[str, Any]) -> Iterator[str]:
    if value["seen"] is None:
        yield "a server does not say what its bundle was trained on: some of these pictures may be among it"
    if value["seen"]:
        yield f"left out, as the bundle was trained on them: {value['seen']}"
    if value["unreadable"]:
        yield f"left out, as they cannot be read: {value['unreadable']}"
    if refused := value["refused"]:
        picture, why = next(iter(refused.items()))
        yield f"left out, as a server did not answer them: {len(refused)} (the first: {picture}: {why})"
    if others := value["other_labels"]:
        yield f"left out, as the bundle does not know their labels: {sum(others.values())} ({', '.join(others)})"


def bundle(value: dict[str, Any]) -> Iterator[str]:
    """What is known of a bundle."""
    yield f"{value['name']}  version {value['version']}  {value['fingerprint']}"
    yield f"labels:    {', '.join(value['labels'])}"
    if accuracy := value["metrics"].get("accuracy"):
        yield f"accuracy:  {_interval(accuracy['leak_free'])}"
    yield f"backbone:  {value['backbone'].get('name', 'not said')} at {value['recipe']['size']} px"
    yield f"unknown above: {value['thresholds']['unknown']}"
    if policy := value["policy"]:
        yield f"promise:   {policy['sentence']}"


def verify(value: dict[str, Any]) -> Iterator[str]:
    """Whether a bundle is what it should be."""
    if value["passed"]:
        yield f"whole, and answers as it did where it was made  ({value['fingerprint'][:16]})"
    else:
        yield f"NOT to be trusted: {value['why']}"


def doctor(value: dict[str, Any]) -> Iterator[str]:
    """Whether the machine is well."""
    for each in value["diagnoses"]:
        yield f"{'ok ' if each['passed'] else 'BAD'} {each['name']}: {each['found']} {each['hint']}".rstrip()


def cache(value: dict[str, Any]) -> Iterator[str]:
    """What is kept."""
    for shelf in value["shelves"]:
        yield f"{shelf['bytes'] / 1e6:10.1f} MB  {shelf['rows']:>8} rows  {shelf['name']}"
    yield f"{value['bytes'] / 1e6:10.1f} MB in {value['folder']}"
    if value["freed"]:
        yield f"{value['freed'] / 1e6:10.1f} MB freed"


def key(value: dict[str, Any]) -> Iterator[str]:
    """A new key."""
    yield value["key"]
    # Beside the result, so that a shell's variable takes the key alone.
    hint = f"Keep it well: {value['key_file']} holds only its hash. Send it as `Authorization: Bearer KEY`."
    typer.echo(one_line(hint), err=True)


def export(value: dict[str, Any]) -> Iterator[str]:
    """What was exported."""
    parts = ", ".join(f"{part} {size / 1e6:.1f}" for part, size in value["bytes"].items() if size and part != "all")
    yield f"{value['files']} files, {value['bytes']['all'] / 1e6:.1f} MB ({parts})"
    yield f"site: {value['folder']}"
    yield "Host the folder anywhere; its README.txt says how."


def say_at_once(line: str) -> None:
    """Print a line that somebody waits for."""
    typer.echo(one_line(line))
    sys.stdout.flush()


def _interval(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "-"
    if figure["low"] is None:
        return f"{figure['value']:.3f} (too few for an interval)"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def one_line(text: str) -> str:
    r"""Text that stays on its line and commands no terminal.

    >>> print(one_line("a\nb"))
    a\nb
    """
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
