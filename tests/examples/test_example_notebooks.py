"""The notebooks are made from the examples, and their cells run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tools.write_example_notebooks import notebooks

NOTEBOOKS = notebooks()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_each_notebook_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == NOTEBOOKS[path], "run `make docs`"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_each_notebook_has_the_form_of_nbformat_4(path: Path) -> None:
    notebook = json.loads(NOTEBOOKS[path])
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    for cell in notebook["cells"]:
        assert cell.keys() - {"execution_count", "outputs"} == {"cell_type", "id", "metadata", "source"}
        assert all(line.endswith("\n") for line in cell["source"][:-1])


@pytest.mark.real
def test_the_first_steps_run_from_the_folder_of_the_notebook(real_data: Path, tmp_path: Path) -> None:
    path = next(path for path in NOTEBOOKS if path.stem == "scones")
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOKS[path])["cells"] if cell["cell_type"] == "code"]
    last = next(number for number, cell in enumerate(cells) if 'run.step(".lst")' in cell)
    code = "\n".join(cells[: last + 1]).replace(
        'ROOT / "examples/out/scones-notebook"', f"Path({str(tmp_path / 'out')!r})"
    )
    assert str(tmp_path) in code
    settings = os.environ | {"DISCERN_TEST_DATA": str(real_data), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], cwd=path.parent, env=settings, check=True, capture_output=True)
    steps = json.loads((tmp_path / "out/result.json").read_text())["steps"]
    assert [row["ok"] for row in steps[:4]] == [True] * 4
