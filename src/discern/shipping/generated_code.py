"""Program that compiles what the dataclasses of a package generate when they are imported.

It is run by the function's version of Python, with the folder of the package and the name of the file to write. Each
method of a dataclass is compiled from text when its class is defined; compiled beforehand, a function starts some 15 ms
sooner. The packages that it uses may be for another processor, so stand-ins take their place. A module that cannot be
imported with them is left out, and its dataclasses are compiled as usual.
"""

import builtins
import contextlib
import dataclasses
import importlib
import importlib.util
import json
import marshal
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType
from typing import Any
from unittest.mock import MagicMock

STOOD_IN = ("PIL", "boto3", "botocore", "numpy", "onnxruntime", "pi_heif", "python_multipart")


class StandIns:
    """Finder and loader of stand-ins for packages."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Return the specification of a stand-in, or None for other modules."""
        if name.partition(".")[0] not in STOOD_IN:
            return None
        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> Any:
        """Return a module that has every name."""
        return MagicMock(name=spec.name, __path__=[])

    def exec_module(self, module: object) -> None:
        """Leave a stand-in as it is."""


def record(folder: Path) -> dict[str, CodeType]:
    """Import the modules of the package `discern` in a folder, and return the code of their dataclasses by its text."""
    found: dict[str, CodeType] = {}

    def compiling(text: str, scope: dict[str, Any], names: dict[str, Any]) -> None:
        found[text] = compile(text, "<string>", "exec")
        builtins.exec(found[text], scope, names)  # noqa: S102 - as `dataclasses` does

    sys.meta_path.insert(0, StandIns())
    sys.path.insert(0, str(folder))
    vars(dataclasses)["exec"] = compiling
    for path in sorted((folder / "discern").rglob("*.py")):
        with contextlib.suppress(Exception):
            importlib.import_module(".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"))
    return found


def write(codes: dict[str, CodeType], path: Path) -> None:
    """Write code to a file: a line of JSON, and then the code itself."""
    index, parts, at = {}, [], 0
    for text, code in sorted(codes.items()):
        part = marshal.dumps(code)
        index[text] = (at, at + len(part))
        parts.append(part)
        at += len(part)
    head = json.dumps({"magic": importlib.util.MAGIC_NUMBER.hex(), "code": index}).encode()
    path.write_bytes(b"\n".join([head, b"".join(parts)]))


if __name__ == "__main__":
    write(record(Path(sys.argv[1])), Path(sys.argv[1]) / "discern" / sys.argv[2])
