"""Modules in one file are those of the package, with the places of their sources."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from discern.shipping.compiled_modules import compile_modules
from discern.shipping.lambda_function.joined_modules import FILE, join_modules

MODULES = {
    "discern/__init__.py": "",
    "discern/room/__init__.py": "from discern.room.inner import value\n",
    "discern/room/inner.py": "from pathlib import Path\nvalue = 1\nplace = Path(__file__)\ndef fail():\n    1 / 0\n",
    "discern/late.py": "value = 2\n",
}
# The module itself is imported from the sources that are tested.
USE = "from discern.shipping.lambda_function.joined_modules import use_joined_modules; import sys; "
DROP = "[sys.modules.pop(name) for name in [*sys.modules] if name.startswith('discern')]; sys.path[:0] = [{folder!r}]; "
SHOW = "import json, discern.room.inner as inner, discern.late as late; import discern.room as room; "
PRINT = (
    "loader = type(inner.__loader__).__name__; "
    "print(json.dumps([used, inner.value, str(inner.place), loader, late.value, room.__path__]))"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    compile_modules(tmp_path, sys.executable)
    join_modules(tmp_path, str(sys.implementation.cache_tag))
    return tmp_path


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    use = f"from pathlib import Path; used = use_joined_modules(Path({str(folder / 'discern')!r})); "
    program = USE + use + DROP.format(folder=str(folder)) + code
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ, check=False)


def test_modules_come_from_the_file_and_name_their_sources(folder: Path) -> None:
    (folder / "discern/late.py").unlink()
    done = run(folder, SHOW + PRINT)
    inner = str(folder / "discern/room/inner.py")
    assert json.loads(done.stdout) == [True, 1, inner, "JoinedModules", 2, [str(folder / "discern/room")]], done.stderr


def test_an_error_is_reported_with_its_line(folder: Path) -> None:
    done = run(folder, "import discern.room.inner as inner; inner.fail()")
    assert "room/inner.py" in done.stderr
    assert "line 5" in done.stderr


def test_the_file_of_another_version_is_not_used(folder: Path) -> None:
    content = (folder / "discern" / FILE).read_bytes()
    head, _, code = content.partition(b"\n")
    other = json.dumps(json.loads(head) | {"magic": "00000000"}).encode()
    (folder / "discern" / FILE).write_bytes(other + b"\n" + code)
    done = run(folder, SHOW + PRINT)
    assert json.loads(done.stdout)[:4] == [False, 1, str(folder / "discern/room/inner.py"), "SourceFileLoader"]
    (folder / "discern" / FILE).unlink()
    assert json.loads(run(folder, SHOW + PRINT).stdout)[0] is False


def test_equal_modules_give_an_equal_file(folder: Path) -> None:
    before = (folder / "discern" / FILE).read_bytes()
    join_modules(folder, str(sys.implementation.cache_tag))
    assert (folder / "discern" / FILE).read_bytes() == before
