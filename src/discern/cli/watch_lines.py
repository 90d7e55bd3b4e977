"""Functions that format looks at captured traffic as lines of text."""

from collections.abc import Iterator
from typing import Any

_MOST_SHOWN = 10


def describe_look(value: dict[str, Any]) -> Iterator[str]:
    """Format a `WatchResult` as lines of text."""
    when = f", from {value['first']} to {value['last']}" if value["first"] else ""
    lost = f"; {value['lost']:,} lost" if value["lost"] else ""
    yield f"{value['exchanges']:,} exchanges{when}{lost}"
    for alarm in value["alarms"]:
        yield f"ALARM {alarm['kind']}: {alarm['message']}"
        if alarm["examples"]:
            yield f"  such as: {', '.join(alarm['examples'][:3])}"
    if not value["alarms"]:
        yield "no alarm"
    yield from _accuracy(value)
    for cluster in value["clusters"][:_MOST_SHOWN]:
        yield f"{cluster['message']}  such as: {', '.join(cluster['ids'][:3])}"
    counts = [f"{each['label']} {each['exchanges']:,}" for each in value["classes"] if each["exchanges"]]
    if counts:
        more = f" and {len(counts) - _MOST_SHOWN:,} more" if len(counts) > _MOST_SHOWN else ""
        yield f"classes: {', '.join(counts[:_MOST_SHOWN])}{more}"
    if value["labels"]:
        yield f"labels read: {value['labels']:,}"
    if value["waiting"]:
        yield f"waiting for a label: {value['waiting']:,}, such as {value['to_audit'][0]}"
    yield from value["notes"]
    if value["page"]:
        yield f"page: {value['page']}"


def describe_forgotten(value: dict[str, Any]) -> Iterator[str]:
    """Format a `ForgetResult` as lines of text."""
    size = f" ({value['bytes'] / 1e6:.2f} MB)" if value["bytes"] else ""
    yield (
        f"erased: {value['exchanges']:,} exchanges, {value['feedback']:,} labels, "
        f"{value['pictures']:,} pictures{size} from {value['store']}"
    )


def _accuracy(value: dict[str, Any]) -> Iterator[str]:
    if accuracy := value["accuracy"]:
        low, high = (f"{100 * accuracy[end]:.1f}" for end in ("low", "high"))
        yield f"accuracy from {accuracy['audited']:,} audits: {100 * accuracy['value']:.1f} % ({low} to {high} %)"
    if estimated := value["estimated"]:
        shown, reference = (f"{100 * estimated[name]:.1f} %" for name in ("value", "reference"))
        yield f"accuracy estimated without labels: {shown} (held-out pictures: {reference})"
    if promise := value["promise"]:
        evidence = promise["evidence"]
        found = f"{evidence['wrong']:,} wrong of {evidence['audited']:,} audited" if "wrong" in evidence else ""
        state = "BROKEN" if promise["broken"] else "not refuted"
        yield f"promise of at most {100 * promise['asked']:g} % wrong: {state}{f' ({found})' if found else ''}"
