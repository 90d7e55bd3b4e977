"""One file a page: styles, charts, pictures and a few lines of script are all inside."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from discern._version import __version__
from discern.atomic import atomic_write
from discern.errors import UnreadableFile
from discern.reporting import formatting
from discern.reporting.display_names import Names


def write_page(path: str | Path, template: str, *, names: Names, anchors: Mapping[str, str], **context: Any) -> None:
    """Fill in a template and write it whole or not at all.

    Args:
        path: the file to write.
        template: its name.
        names: what labels are called.
        anchors: where the page of each class is, by label.
        context: what the template shows.

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
    environment.filters |= {
        "percent": formatting.percent,
        "points": formatting.points,
        "count": formatting.count,
        "plural": formatting.plural,
        "seconds": formatting.seconds,
        "interval": formatting.interval,
        "moment": formatting.moment,
        "named": names.show,
        "said": names.say,
    }
    environment.globals["anchors"] = dict(anchors)
    source, _, _ = environment.loader.get_source(environment, "page.js")  # type: ignore[union-attr]
    # The script's hash in the policy lets this one script run and no other, whatever a file name contains.
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")
    text = environment.get_template(template).render(script=source, digest=digest, version=__version__, **context)
    target = Path(path)
    try:
        with atomic_write(target) as unfinished:
            unfinished.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UnreadableFile(
            f"The page {target} cannot be written: {error}.", hint="Is the folder there, writable and not full?"
        ) from error


def _visible(value: Any) -> Any:
    """Text in which nothing hides or turns its surroundings round: control and direction characters are spelled out."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "".join(letter if letter.isprintable() or letter.isspace() else ascii(letter)[1:-1] for letter in value)
