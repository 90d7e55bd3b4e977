"""Cache of compiled templates beside their sources, as Python keeps those of modules."""

import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

from discern.atomic import atomic_write

_TEMPLATES = Path(__file__).parent / "templates"


class TemplateCache(BytecodeCache):
    """Cache of compiled templates in the folder in which Python caches compiled modules.

    Compiling its twenty templates takes a fifth of the time of a report. A template is compiled again if it, the
    settings or Jinja have changed, and each time if the folder cannot be written.

    Args:
        settings: arguments of the environment, on which the compiled code depends.
        folder: folder of the templates.
    """

    def __init__(self, settings: Mapping[str, Any], folder: Path = _TEMPLATES) -> None:
        self._settings, self._folder = f"{jinja2.__version__} {sorted(settings.items())}", folder

    def get_source_checksum(self, source: str) -> str:
        """Return the digest of a template's source and of what else its code depends on."""
        return hashlib.sha256(f"{self._settings}\n{source}".encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the code of a template if it was kept."""
        with suppress(OSError), self._file(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template, unless Python keeps none of modules."""
        if sys.dont_write_bytecode:
            return
        path = self._file(bucket)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as unfinished, unfinished.open("wb") as file:
                bucket.write_bytecode(file)

    def _file(self, bucket: Bucket) -> Path:
        return Path(importlib.util.cache_from_source(str(self._folder / f"{bucket.key}.py")))
