"""Inference engines keep the contract, and ONNX Runtime is loaded with its telemetry disabled."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import discern
from discern.bundle import open_runtime
from discern.bundle.golden import TOLERANCES
from discern.bundle.runtime import RUNTIMES
from discern.bundle.testing import RuntimeContract
from discern.errors import UsageError
from tests.unit.bundle.factories import colour_graph

SOURCE = Path(discern.__file__).parent
SPY = """
import json, os, sys

class Spy:
    seen = []

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "onnxruntime":
            cls.seen.append(os.environ.get("ORT_DISABLE_TELEMETRY"))

sys.meta_path.insert(0, Spy)
import discern{module}
{between}
print(json.dumps({{"at import": Spy.seen, "after": os.environ["ORT_DISABLE_TELEMETRY"]}}))
"""
# The engine is loaded with the variable set, so that this test sends no telemetry; Discern is imported without it.
EARLIER = """
import os
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime
{between}
import json
from discern.flow.doctor import doctor
(found,) = [each for each in doctor(cache={cache!r}).to_json()["diagnoses"] if each["name"] == "telemetry"]
print(json.dumps(found))
"""


def fresh(code: str, **environment: str) -> Any:
    """Run code in a new process, without the variable unless it is given, and parse its output."""
    inherited = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=inherited | environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


class TestOnnxRuntime(RuntimeContract):
    kind = "onnxruntime"


def test_every_engine_has_a_tolerance_for_its_precision() -> None:
    assert {open_runtime(colour_graph(), kind).precision for kind in RUNTIMES} <= TOLERANCES.keys()


def test_an_unknown_engine_is_rejected_and_the_known_ones_are_named() -> None:
    with pytest.raises(UsageError, match="'tensorrt'") as raised:
        open_runtime(colour_graph(), "tensorrt")
    assert "onnxruntime" in raised.value.hint


def test_telemetry_is_off_before_the_engine_is_loaded() -> None:
    for given in ({}, {"ORT_DISABLE_TELEMETRY": "0"}):
        code = SPY.format(module=".bundle", between="")
        assert fresh(code, **given) == {"at import": ["1"], "after": "1"}


@pytest.mark.parametrize("given", [{}, {"ORT_DISABLE_TELEMETRY": "0"}], ids=["unset", "0"])
def test_telemetry_is_off_in_a_program_that_loads_the_engine_before_a_bundle(given: dict[str, str]) -> None:
    code = SPY.format(module="", between="import onnxruntime\nimport discern.bundle")
    assert fresh(code, **given) == {"at import": ["1"], "after": "1"}


@pytest.mark.slow
def test_the_doctor_warns_if_the_engine_was_loaded_earlier(tmp_path: Path) -> None:
    found = fresh(EARLIER.format(between='del os.environ["ORT_DISABLE_TELEMETRY"]', cache=str(tmp_path)))
    assert not found["passed"]
    assert "ORT_DISABLE_TELEMETRY=1" in found["hint"]


@pytest.mark.slow
def test_the_doctor_accepts_an_engine_that_was_loaded_with_the_variable_set(tmp_path: Path) -> None:
    for between in ("", 'os.environ["ORT_DISABLE_TELEMETRY"] = " True"'):  # as ONNX Runtime reads it
        assert fresh(EARLIER.format(between=between, cache=str(tmp_path)))["passed"]


def test_only_one_module_imports_the_engine() -> None:
    importing = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in imported(node)
        if name.split(".")[0] == "onnxruntime"
    }
    assert importing == {"bundle/runtime.py"}


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    if isinstance(node, ast.Call):  # import_module and __import__ name it as text
        return [word.value for word in node.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
