"""Path of an HTML page that a command is asked to write."""

from pathlib import Path

from discern.errors import UsageError
from discern.flow.paths import resolve_output
from discern.flow.predict.resumable_output import require_free


def new_page(out: str | Path) -> Path:
    """Return the absolute path of a page to write.

    Raises:
        RunError: the file exists.
        UsageError: the path is invalid, or does not end in .html.
    """
    page = resolve_output(out)
    if page.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{page.name} is not the name of a page.", hint="End it with .html.")
    require_free(page)
    return page
