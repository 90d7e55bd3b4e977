"""The code in docs/how-to/ does what the pages say; their commands are parsed by `test_documentation`."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_format_http import examples
from tests.unit.bundle.factories import write_small

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs" / "how-to"


def code(name: str) -> str:
    """The Python of a page."""
    (found,) = re.findall(r"^```python\n(.*?)^```$", (FOLDER / name).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def handler() -> Any:
    """The filter of the workflow."""
    names: dict[str, Any] = {}
    exec(code("vehicles.md"), names)
    return names["filter_handler"]


@pytest.fixture(scope="module")
def state() -> Any:
    """The documented state that `/invocations` returns."""
    bodies = [json.loads(shown.body) for _, shown, _ in examples() if "json" in shown.headers["content-type"]]
    return next(body for body in bodies if isinstance(body, dict) and "statusCode" in body)


def test_the_filter_passes_what_is_accepted(handler: Any, state: Any) -> None:
    for event in (state, state["body"], state | {"body": json.dumps(state["body"])}):
        assert handler(event, None) == {"statusCode": 200, "body": state["body"]}


@pytest.mark.parametrize("decision", ["review", "unknown"])
def test_the_filter_fails_loudly_on_anything_else(decision: str, handler: Any, state: Any) -> None:
    with pytest.raises(RuntimeError, match="THRESHOLD_CONFIDENCE_NOT_MET"):
        handler(state["body"] | {"decision": decision}, None)


@pytest.mark.slow
def test_the_errors_of_counts_are_printed(fresh: Path, tmp_path: Path) -> None:
    for label, colour in {"1": "blue", "2": "red"}.items():
        shutil.copytree(fresh / colour, tmp_path / "later" / label)
    write_small(tmp_path / "runs/ordered/model.discern", labels=("1", "2"), ordered=True)
    done = subprocess.run(
        [sys.executable, "-c", code("bins.md")],
        cwd=tmp_path,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "LOCALAPPDATA": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"[\d.]+ [\d.]+\n", done.stdout)
