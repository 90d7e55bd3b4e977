"""A command imports the libraries that it uses, and slow ones only where a branch needs them."""

import subprocess
import sys

import pytest

from tests.integration.workspace import Workspace

# Each takes longer to import than what a run without its branch could use it for.
SLOW = ("sklearn", "scipy.stats", "scipy.interpolate", "pandas", "pyarrow", "matplotlib", "torch", "joblib")
_RUN = "import atexit, sys; atexit.register(lambda: print(*sys.modules)); import discern.cli; discern.cli.main()"


def loaded_by(command: str, *arguments: object) -> set[str]:
    """The modules that a command has loaded when it ends."""
    words = [sys.executable, "-c", _RUN, command, *map(str, arguments)]
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


def test_a_training_loads_no_slow_library(workspace: Workspace) -> None:
    options = ("--runs", workspace.runs, "--cache", workspace.cache, "--backbone", workspace.backbone)
    found = loaded_by("train", workspace.photos, *options)
    assert {"discern.flow.report", "discern.checking.signals.decision_tree", "scipy.special", "onnx"} <= found
    assert found & {*SLOW} == set()


@pytest.mark.parametrize(
    "command", ["check", "split", "evaluate.evaluate", "predict.batch", "export", "show", "doctor"]
)
def test_a_workflow_is_imported_without_slow_libraries(command: str) -> None:
    code = f"import sys, discern.flow.{command}; print(*sys.modules)"
    found = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert found & {*SLOW, "rich", "typer", "usearch", "onnx"} <= ({"onnx"} if command in ("check", "split") else set())


def test_a_server_loads_no_library_of_tables() -> None:
    code = "import sys, discern.flow.serve, discern.serving.web.server; print(*sys.modules)"
    found = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert "fastapi" in found
    assert found & {*SLOW, "scipy", "polars", "onnx"} == set()
