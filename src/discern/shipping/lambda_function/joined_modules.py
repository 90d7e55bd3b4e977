"""Compiled modules of the function in one file: to find and open each of them takes longer than to run most.

The file has one line of JSON, and then the code of all modules. It is written when the function is packed; without it,
or with one for another version of Python, modules are imported from their own files.
"""

import json
import marshal
import sys
from importlib.machinery import ModuleSpec
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import ModuleType

FILE = "modules.bin"
"""Name of the file in the folder of the package `discern`."""

_PACKAGE = Path(__file__).resolve().parents[2]
_HEADER_BYTES = 16  # of a compiled file: version of Python, flags, and hash of the source


class JoinedModules:
    """Finder and loader of the modules in one file.

    Args:
        root: folder that the names of modules are relative to, with their sources for tracebacks.
        index: for each module whether it is a package, and where its code begins and ends.
        code: the code of all modules.
    """

    def __init__(self, root: Path, index: dict[str, tuple[bool, int, int]], code: memoryview) -> None:
        self._root, self._index, self._code = str(root), index, code

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Return the specification of a module, or None if it is not in the file."""
        if name not in self._index:
            return None
        is_package, place = self._index[name][0], f"{self._root}/{name.replace('.', '/')}"
        spec = ModuleSpec(name, self, is_package=is_package)  # type: ignore[arg-type]
        spec.origin = f"{place}/__init__.py" if is_package else f"{place}.py"
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [place]
        return spec

    def create_module(self, _spec: ModuleSpec) -> None:
        """Leave the creation of a module to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the code of a module."""
        _, begin, end = self._index[module.__name__]
        exec(marshal.loads(self._code[begin:end]), module.__dict__)  # noqa: S102, S302 - as compiled files are


def join_modules(folder: Path, cache_tag: str) -> None:
    """Write the file of all compiled modules of the package `discern` in a folder.

    Args:
        folder: folder with `discern` and its compiled modules.
        cache_tag: tag of the Python version in their names, such as "cpython-312".
    """
    index, parts, magic, at = dict[str, tuple[bool, int, int]](), [], "", 0
    for source in sorted((folder / "discern").rglob("*.py")):
        compiled = (source.parent / "__pycache__" / f"{source.stem}.{cache_tag}.pyc").read_bytes()
        names = source.relative_to(folder).with_suffix("").parts
        is_package, magic, code = names[-1] == "__init__", compiled[:4].hex(), compiled[_HEADER_BYTES:]
        index[".".join(names[:-1] if is_package else names)] = (is_package, at, at + len(code))
        parts.append(code)
        at += len(code)
    head = json.dumps({"magic": magic, "modules": index}).encode()
    (folder / "discern" / FILE).write_bytes(b"\n".join([head, b"".join(parts)]))


def use_joined_modules(package: Path = _PACKAGE) -> bool:
    """Import modules from the file from now on, and return True if there is one for this version of Python.

    Args:
        package: folder of the package `discern`.
    """
    try:
        content = (package / FILE).read_bytes()
    except OSError:
        return False
    end = content.index(b"\n")
    found = json.loads(content[:end])
    if found["magic"] != MAGIC_NUMBER.hex():
        return False
    sys.meta_path.insert(0, JoinedModules(package.parent, found["modules"], memoryview(content)[end + 1 :]))
    return True
