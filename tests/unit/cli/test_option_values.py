"""Option values: parsed, or refused with an example."""

import pytest

from discern.cli.option_values import parse_channels, parse_floors, parse_order, parse_parts, parse_share
from discern.errors import UsageError


def test_parts_are_parsed() -> None:
    assert parse_parts("60/30/10") == (60, 30, 10)


@pytest.mark.parametrize("text", ["70", "70/30", "a/b/c", "", "1/2/3/4"])
def test_invalid_parts_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="70/20/10"):
        parse_parts(text)


def test_floors_are_parsed() -> None:
    assert parse_floors(["accuracy=.9", "macro_f1=0.5"]) == {"accuracy": 0.9, "macro_f1": 0.5}


@pytest.mark.parametrize("text", ["accuracy", "accuracy=", "accuracy=high"])
def test_an_invalid_floor_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"accuracy=\.90"):
        parse_floors([text])


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_floors_the_higher_applies(order: int) -> None:
    assert parse_floors(["accuracy=.5", "accuracy=.9"][::order]) == {"accuracy": 0.9}


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("2.5 %", 0.025), ("0.1", 0.1), ("None", None)])
def test_shares_are_parsed(text: str, share: float | None) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["5", "0", "100%", "-1%", "", "%", "5%x", "nan", "inf", "a few"])
def test_an_invalid_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"5% or 0\.05"):
        parse_share(text)


def test_an_order_is_parsed() -> None:
    assert parse_order("a, b,c") == ("a", "b", "c")
    assert parse_order(None) == ()


@pytest.mark.parametrize("text", ["", "a,,b", ","])
def test_an_invalid_order_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="green,ripe,overripe"):
        parse_order(text)


def test_numbers_of_channels_are_parsed() -> None:
    assert parse_channels(".485, 0.456,.406") == (0.485, 0.456, 0.406)
    assert parse_channels("127.5") == (127.5,)
    assert parse_channels(None) is None


@pytest.mark.parametrize("text", ["", "a", ".5,,.5", ".5;.5", "[.5]"])
def test_invalid_numbers_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Invalid numbers"):
        parse_channels(text)
