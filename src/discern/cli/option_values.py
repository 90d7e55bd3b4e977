"""Functions that parse the values of command-line options."""

import math
from typing import Literal

from discern.errors import UsageError

NONE = "none"
AUTO: Literal["auto"] = "auto"


def parse_share(text: str) -> float | None:
    """Parse a fraction given as a percentage, a decimal number or "none".

    >>> parse_share("5%"), parse_share("0.05"), parse_share("none")
    (0.05, 0.05, None)
    """
    if text.strip().lower() == NONE:
        return None
    number, percent, rest = text.strip().partition("%")
    try:
        share = float(number) / 100 if percent else float(number)
    except ValueError:
        share = math.nan
    if rest or not 0 < share < 1:
        raise UsageError(
            f"Invalid share: {text!r}.", hint="Write it like 5% or 0.05, between 0 % and 100 %, or as none."
        )
    return share


def parse_error_limit(text: str) -> float | Literal["auto"] | None:
    """Parse an error limit given as a share, as "auto" or as "none".

    >>> parse_error_limit("5%"), parse_error_limit("auto"), parse_error_limit("none")
    (0.05, 'auto', None)
    """
    return AUTO if text.strip().lower() == AUTO else parse_share(text)


def parse_order(text: str | None) -> tuple[str, ...]:
    """Parse a comma-separated list of ordered class labels.

    >>> parse_order("green, ripe,overripe")
    ('green', 'ripe', 'overripe')
    """
    if text is None:
        return ()
    order = tuple(label.strip() for label in text.split(","))
    if not all(order):
        raise UsageError(f"Invalid label order: {text!r}.", hint="Write it like green,ripe,overripe, or as numeric.")
    return order


def parse_channels(text: str | None) -> tuple[float, ...] | None:
    """Parse one number for all colours, or one for each of red, green and blue.

    >>> parse_channels(".485, .456, .406"), parse_channels("0.5"), parse_channels(None)
    ((0.485, 0.456, 0.406), (0.5,), None)
    """
    if text is None:
        return None
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        raise UsageError(f"Invalid numbers: {text!r}.", hint="Write them like .485,.456,.406, or as one.") from None


def parse_parts(text: str) -> tuple[float, float, float]:
    """Parse the relative sizes of the train, validation and test split.

    >>> parse_parts("70/20/10")
    (70.0, 20.0, 10.0)
    """
    try:
        train, validation, test = (float(part) for part in text.split("/"))
    except ValueError:
        train = validation = test = math.nan
    if not math.isfinite(train + validation + test):
        raise UsageError(f"Invalid split parts: {text!r}.", hint="Write them as three numbers, like 70/20/10.")
    return train, validation, test


def parse_parts_of(text: str | None) -> dict[str, str] | None:
    """Parse the folders of the split parts; "none" stands for an empty mapping.

    >>> parse_parts_of("train=seg_train, test=seg_test"), parse_parts_of("none"), parse_parts_of(None)
    ({'train': 'seg_train', 'test': 'seg_test'}, {}, None)
    """
    if text is None:
        return None
    pairs = [] if text.strip().lower() == NONE else [pair.partition("=") for pair in text.split(",")]
    found = {part.strip(): folder.strip() for part, _, folder in pairs}
    if len(found) < len(pairs):
        raise UsageError(f"A part stands twice in {text!r}.", hint="Name one folder for each part.")
    return found


def parse_floors(texts: list[str]) -> dict[str, float]:
    """Parse minimum values of evaluation metrics and keep the highest value for each metric.

    >>> parse_floors(["accuracy=.90"])
    {'accuracy': 0.9}
    """
    floors: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            floors[name] = max(float(value), floors.get(name, -math.inf))
        except ValueError:
            raise UsageError(f"Invalid minimum: {text!r}.", hint="Write it like accuracy=.90.") from None
    return floors


def parse_thresholds(texts: list[str]) -> dict[str, float]:
    """Parse thresholds of checks.

    >>> parse_thresholds(["blurred=.2", "dark=50,large_group=10%"])
    {'blurred': 0.2, 'dark': 50.0, 'large_group': 0.1}
    """
    thresholds: dict[str, float] = {}
    for text in (part for given in texts for part in given.split(",")):
        name, equals, value = (word.strip() for word in text.partition("="))
        number, percent, rest = value.partition("%")
        try:
            threshold = float(number) / (100 if percent else 1)
        except ValueError:
            threshold = math.nan
        if not equals or rest or not math.isfinite(threshold):
            raise UsageError(f"Invalid threshold: {text!r}.", hint="Write it like blurred=.2 or large_group=10%.")
        if thresholds.setdefault(name, threshold) != threshold:
            raise UsageError(f"The threshold of {name} is given twice.", hint="Give it once.")
    return thresholds


def parse_checks(texts: list[str]) -> tuple[str, ...]:
    """Parse the names of checks.

    >>> parse_checks(["exact_copy, blurred", "dark"])
    ('exact_copy', 'blurred', 'dark')
    """
    names = [name.strip() for text in texts for name in text.split(",")]
    if not all(names):
        raise UsageError(f"Invalid checks: {','.join(texts)!r}.", hint="Write them like exact_copy,blurred.")
    return tuple(names)


def require_option(value: str | None, option: str, *, needed_by: str) -> str:
    """Return the value of a command-line option, or raise an error if it is missing.

    >>> require_option("a.csv", "--out", needed_by="--sheet")
    'a.csv'
    """
    if value is None:
        raise UsageError(f"{needed_by} needs {option}.", hint=f"Add {option} FILE.")
    return value


def parse_keys(texts: list[str], models: list[str]) -> dict[str, str]:
    """Parse the API keys of one or several servers.

    >>> parse_keys(["k1", "https://b.example=k2"], ["a.discern", "https://a.example"])
    {'https://a.example': 'k1', 'https://b.example': 'k2'}
    """
    from discern.client.address import is_address

    servers = [model for model in models if is_address(model)]
    keys = {}
    for text in texts:
        address, _, key = text.rpartition("=")
        if is_address(address):
            keys[address] = key
        elif servers:
            keys[servers[0]] = text
    return keys
