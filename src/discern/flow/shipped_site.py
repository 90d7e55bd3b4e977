"""Function that exports the page of a model for its deployment as a static site."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from discern.flow.export import export
from discern.serving.export_folder import MANIFEST
from discern.shipping.site.site_target import SiteOptions


def add_site(options: SiteOptions, bundle: Path) -> SiteOptions:
    """Return a copy of the options with the files of the page, as `discern export --to web` writes them.

    Raises:
        BundleError: the bundle cannot be used.
        PictureError: an example is damaged.
        UsageError: the address is not one of an API, or the runtime cannot be obtained.
    """
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
