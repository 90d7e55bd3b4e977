"""Files of the image's build context: the server's parts of Discern, its packages and the model."""

import re
import shutil
from collections.abc import Iterator, Mapping
from importlib.resources import files as resources
from pathlib import Path

ROOMS = ("buckets", "bundle", "display", "inference", "parallel", "picture", "serving", "watching")
"""Parts of Discern that the server needs, with the modules in `_MODULES`."""

_MODULES = ("__init__.py", "_version.py", "atomic.py", "errors.py", "progress.py")
_NOT_SHIPPED = ("testing.py",)
_CACHE = "__pycache__"
_PLACEHOLDER = re.compile(r"@([A-Z_]+)@")
_RENAMED = {"dockerignore": ".dockerignore"}
_HERE = resources("discern.shipping.container")
_ROOT = Path(__file__).resolve().parents[2]


def write_context(folder: Path, bundle: Path, values: Mapping[str, str]) -> None:
    """Write the build context of the image to an existing folder.

    Args:
        folder: the folder.
        bundle: path of the bundle.
        values: text for each placeholder of the templates.
    """
    for path, data in _server_files():
        target = folder / "app" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    shutil.copyfile(bundle, folder / "app" / "model.discern")
    (folder / "requirements.txt").write_bytes((_HERE / "requirements.txt").read_bytes())
    write_templates(folder, "image", values)


def write_templates(folder: Path, group: str, values: Mapping[str, str]) -> None:
    """Write templates to an existing folder, with the values in place of their placeholders.

    Args:
        folder: the folder.
        group: "image" or "manifests".
        values: text for each placeholder.
    """
    for template in sorted((_HERE / group).iterdir(), key=lambda each: each.name):
        text = _PLACEHOLDER.sub(lambda found: values[found[1]], template.read_text(encoding="utf-8"))
        (folder / _RENAMED.get(template.name, template.name)).write_text(text, encoding="utf-8", newline="\n")


def _server_files() -> Iterator[tuple[str, bytes]]:
    paths = [_ROOT / name for name in _MODULES]
    for room in ROOMS:
        paths += [path for path in (_ROOT / room).rglob("*") if path.is_file() and _is_shipped(path)]
    for path in sorted(paths):
        yield f"discern/{path.relative_to(_ROOT).as_posix()}", path.read_bytes()


def _is_shipped(path: Path) -> bool:
    return path.name not in _NOT_SHIPPED and _CACHE not in path.parts
