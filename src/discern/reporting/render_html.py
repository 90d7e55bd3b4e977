"""Functions that render templates to self-contained HTML files."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from discern._version import __version__
from discern.atomic import atomic_write
from discern.display.html_card import make_visible
from discern.errors import UnreadableFile
from discern.reporting import formatting
from discern.reporting.display_names import DisplayNames
from discern.reporting.template_cache import TemplateCache

_NOT_ON_ALL_PAGES = ("counts", "negative_examples")


def write_page(
    path: str | Path, template: str, *, names: DisplayNames, anchors: Mapping[str, str], **context: Any
) -> None:
    """Render a template to a self-contained HTML file.

    Args:
        path: output file; an existing one is replaced only when the new one is complete.
        template: name of the template.
        names: display names of the labels.
        anchors: ids of the class pages, by label.
        context: variables of the template.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    environment = Environment(
        loader=PackageLoader("discern.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    environment.bytecode_cache = TemplateCache(environment)
    environment.filters |= {
        "percent": formatting.percent,
        "points": formatting.percentage_points,
        "count": formatting.count,
        "plural": formatting.plural,
        "duration": formatting.duration,
        "interval": formatting.percent_interval,
        "timestamp": formatting.timestamp,
        "label_html": names.html,
        "label_text": names.text,
    }
    environment.globals |= dict.fromkeys(_NOT_ON_ALL_PAGES) | {"anchors": dict(anchors)}
    source, _, _ = environment.loader.get_source(environment, "page.js")  # type: ignore[union-attr]
    # The content security policy allows this script alone by its hash, whatever a file name contains.
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")
    text = environment.get_template(template).render(script=source, digest=digest, version=__version__, **context)
    target = Path(path)
    try:
        with atomic_write(target) as unfinished:
            unfinished.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UnreadableFile(
            f"The page {target} cannot be written: {error}.",
            hint="Free disk space, or check that the folder exists and is writable.",
        ) from error


def _visible(value: Any) -> Any:
    return make_visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
