"""Points of the monitor: newer ones follow those that the page has, and the oldest are dropped."""

from pathlib import Path
from typing import Any

from tests.unit.serving.page.node import run

CODE = """
import { joinPoints } from "./monitor/data.js";
made = joinPoints(given.old, given.fresh, given.most);
"""


def points(*numbers: int) -> dict[str, list[Any]]:
    return {"number": list(numbers), "id": [f"{number:x}" for number in numbers]}


def test_newer_points_follow_and_the_oldest_are_dropped(tmp_path: Path) -> None:
    given = {"old": points(1, 2, 3), "fresh": points(5, 6), "most": 4}
    assert run(tmp_path, CODE, given) == points(2, 3, 5, 6)


def test_without_earlier_points_all_are_taken(tmp_path: Path) -> None:
    assert run(tmp_path, CODE, {"old": None, "fresh": points(5, 6), "most": 4}) == points(5, 6)
