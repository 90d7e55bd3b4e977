"""Cache of compiled templates beside their sources, as Python keeps those of modules."""

import hashlib
import importlib.util
import sys
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

from discern.atomic import atomic_write

_TEMPLATES = Path(__file__).parent / "templates"
_SETTINGS = ("autoescape", "trim_blocks", "lstrip_blocks", "keep_trailing_newline", "newline_sequence")


class TemplateCache(BytecodeCache):
    """Cache of compiled templates in the folder in which Python caches compiled modules.

    Compiling its twenty templates takes a fifth of the time of a report. A template is compiled again if it, the
    settings or Jinja have changed, and each time if the folder cannot be written.

    Args:
        environment: environment of the templates, whose settings the compiled code depends on.
        folder: folder of the templates.
    """

    def __init__(self, environment: jinja2.Environment, folder: Path = _TEMPLATES) -> None:
        settings = {name: getattr(environment, name) for name in _SETTINGS}
        self._settings = f"{jinja2.__version__} {settings} {environment.finalize is None}"
        self._folder = folder

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
