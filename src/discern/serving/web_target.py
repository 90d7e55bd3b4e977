"""Export target that builds static web sites for image classification."""

from dataclasses import dataclass, field
from pathlib import Path

from discern.errors import UsageError
from discern.progress import Progress, silent
from discern.serving.browser_engine import ENGINE, Package, load_engine
from discern.serving.example_pictures import Example
from discern.serving.static_site import local_site, remote_site
from discern.serving.target import Export, VerifiedBundle
from discern.store import default_folder


@dataclass(frozen=True, kw_only=True)
class WebConfig:
    """Options of the static web site to be exported.

    Attributes:
        api: URL of the server that the site calls; None to run the model in the visitor's browser.
        runtime: path of the npm archive of ONNX Runtime for browsers; None for the cached one, or a download with npm.
        examples: pictures that visitors can try.
        cache: directory that downloads are cached in.
    """

    api: str | None = None
    runtime: Path | None = None
    examples: tuple[Example, ...] = ()
    cache: Path = field(default_factory=default_folder)

    def __post_init__(self) -> None:
        if self.api is not None and self.runtime is not None:
            raise UsageError("A site that calls a server needs no runtime.", hint="Omit --runtime or --api.")


@dataclass(frozen=True)
class WebTarget:
    """Export target that builds static web sites for image classification.

    Sites classify pictures in the browser (`local`) or on a server (`remote`).

    Attributes:
        engine: npm package of ONNX Runtime for browsers.
    """

    engine: Package = ENGINE
    config_type = WebConfig

    def build(self, bundle: VerifiedBundle, config: WebConfig, *, progress: Progress = silent) -> Export:
        """Build the files of the static web site from a verified model bundle."""
        if config.api is not None:
            return Export(files=remote_site(config.api, examples=config.examples), door="remote")
        engine = load_engine(config.cache, archive=config.runtime, package=self.engine, progress=progress)
        return Export(files=local_site(bundle.model, bundle.members, engine, examples=config.examples), door="local")
