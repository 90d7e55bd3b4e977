"""Runs the page's modules in Node, which has the language and nothing of a browser."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import discern.serving.static_site

PAGE = Path(discern.serving.static_site.__file__).parent / "page"


def run(folder: Path, code: str, given: Any) -> Any:
    """What a module's code makes of `given`: it stands beside the page's modules and sets `made`.

    Args:
        folder: an empty one.
        code: imports from `./FOLDER/NAME.js`, reads `given`, sets `made`.
        given: anything of JSON.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node")
    shutil.copytree(PAGE, folder, dirs_exist_ok=True)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "given.json").write_text(json.dumps(given))
    (folder / "run.js").write_text(
        'import { readFileSync } from "node:fs";\n'
        'const given = JSON.parse(readFileSync("given.json", "utf8"));\nlet made;\n'
        f"{code}\nconsole.log(JSON.stringify(made));\n"
    )
    done = subprocess.run([node, "run.js"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
