"""Function that exports the page of a model for its deployment as a static site."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from discern.errors import UsageError
from discern.flow.export import export
from discern.serving.export_folder import MANIFEST
from discern.serving.host_names import is_loopback
from discern.shipping.site.site_target import SiteOptions


def add_site(options: SiteOptions, bundle: Path) -> SiteOptions:
    """Return a copy of the options with the files of the page, as `discern export --to web` writes them.

    Raises:
        BundleError: the bundle cannot be used.
        PictureError: an example is damaged.
        UsageError: the address is not one of an API, browsers would block requests to it, or the runtime cannot be
            obtained.
    """
    _require_reachable(options.api)
    with TemporaryDirectory(prefix="discern-site-") as temporary:
        folder = Path(temporary) / "site"
        result = export(
            bundle,
            folder,
            to="web",
            api=options.api,
            runtime=options.runtime,
            examples=options.examples,
            cache=options.cache,
        )
        # The manifest is for a later export into the same folder.
        files = {name: (folder / name).read_bytes() for name in result.files if name != MANIFEST}
    return replace(options, files=files)


def _require_reachable(api: str | None) -> None:
    """Raise UsageError for an API that browsers would not let a page that came over HTTPS call."""
    try:
        parts = urlsplit(api or "")
        blocked = parts.scheme == "http" and not is_loopback(parts.hostname or "")
    except ValueError:
        return  # not a URL at all, as the export says
    if blocked:
        raise UsageError(
            f"The page is delivered over HTTPS, from where browsers send nothing to {api}.",
            hint="Serve the API over HTTPS as well, and pass its address with https://.",
        )
