"""Words of a command line to values."""

import math

from discern.errors import UsageError

NONE = "none"


def parse_share(text: str) -> float | None:
    """Read a share such as "5%" or "0.05"; "none" is None.

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
        raise UsageError(f"{text!r} is no share.", hint="Write it like 5% or 0.05, between 0 and 100 %, or none.")
    return share


def parse_order(text: str | None) -> tuple[str, ...]:
    """Read labels in their order, parted by commas.

    >>> parse_order("green, ripe,overripe")
    ('green', 'ripe', 'overripe')
    """
    if text is None:
        return ()
    order = tuple(label.strip() for label in text.split(","))
    if not all(order):
        raise UsageError(f"{text!r} is no order of labels.", hint="Write it like green,ripe,overripe, or numeric.")
    return order


def parse_parts(text: str) -> tuple[float, float, float]:
    """Read "70/20/10".

    >>> parse_parts("70/20/10")
    (70.0, 20.0, 10.0)
    """
    try:
        train, validation, test = (float(part) for part in text.split("/"))
    except ValueError:
        train = validation = test = math.nan
    if not math.isfinite(train + validation + test):
        raise UsageError(f"{text!r} are no parts.", hint="Write them like 70/20/10.")
    return train, validation, test


def parse_floors(texts: list[str]) -> dict[str, float]:
    """Read floors such as "accuracy=.90".

    >>> parse_floors(["accuracy=.90"])
    {'accuracy': 0.9}
    """
    floors: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            floors[name] = max(float(value), floors.get(name, -math.inf))
        except ValueError:
            raise UsageError(f"{text!r} is no floor.", hint="Write it like accuracy=.90.") from None
    return floors


def required(value: str | None, with_option: str, option: str) -> str:
    """Take what an option needs beside it.

    >>> required("a.csv", "--sheet", "--out")
    'a.csv'
    """
    if value is None:
        raise UsageError(f"{with_option} goes with {option}.", hint=f"Add {option} FILE.")
    return value


def parse_keys(texts: list[str], asked: list[str]) -> dict[str, str]:
    """Read keys of servers: "KEY", for the first address that is asked, or "ADDRESS=KEY".

    >>> parse_keys(["k1", "https://b.example=k2"], ["a.discern", "https://a.example"])
    {'https://a.example': 'k1', 'https://b.example': 'k2'}
    """
    from discern.client.address import is_address

    servers = [word for word in asked if is_address(word)]
    keys = {}
    for text in texts:
        address, _, key = text.rpartition("=")
        if is_address(address):
            keys[address] = key
        elif servers:
            keys[servers[0]] = text
    return keys
