"""Node.js for the page's modules that need no browser."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import discern.serving.static_site

PAGE = Path(discern.serving.static_site.__file__).parent / "page"


def run(folder: Path, code: str, given: Any) -> Any:
    """Run JavaScript next to the page's modules, and return the value that it assigns to `made`.

    Args:
        folder: an empty folder.
        code: imports from `./FOLDER/NAME.js`, reads `given` and assigns `made`.
        given: JSON value.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
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
