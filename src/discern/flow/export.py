"""Functions that export model bundles for deployment (`discern export`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.bundle import Model
from discern.bundle.archive import unpack
from discern.display.displayed import Displayed
from discern.errors import BundleDamaged
from discern.flow.bucket_outputs import writes_to_buckets
from discern.flow.find_examples import find_example_pictures
from discern.flow.paths import cache_folder, resolve_path
from discern.progress import Progress, silent
from discern.serving.export_folder import MANIFEST, write_export
from discern.serving.target import VerifiedBundle
from discern.serving.target_registry import find_target


@dataclass(frozen=True, kw_only=True, repr=False)
class ExportResult(Displayed):
    """Result of `discern.export`, with the folder and the files written.

    Attributes:
        target: name of the target: "web".
        folder: folder that was written.
        door: where predictions are computed: "local" in the visitor's browser, "remote" on a server.
        fingerprint: fingerprint of the bundle.
        files: size of each file in bytes, by its path in the folder.
    """

    target: str
    folder: Path
    door: str
    fingerprint: str
    files: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            target: name of the target: `web`.
            folder: absolute path of the folder that was written.
            door: where predictions are computed: `local` in the visitor's browser, `remote` on a server.
            fingerprint: fingerprint of the bundle.
            files: number of files.
            bytes: size in bytes: `all`, and the shares of `page`, `model` and `runtime`.
        """
        parts = {part: self._bytes(f"{part}/") for part in ("page", "model", "runtime")}
        return {
            "target": self.target,
            "folder": str(self.folder),
            "door": self.door,
            "fingerprint": self.fingerprint,
            "files": len(self.files),
            "bytes": {"all": self._bytes(""), **parts},
        }

    def _bytes(self, prefix: str) -> int:
        return sum(size for name, size in self.files.items() if name.startswith(prefix))


@writes_to_buckets("folder")
def export(
    bundle: str | Path,
    folder: str | Path,
    *,
    to: str = "web",
    api: str | None = None,
    runtime: str | Path | None = None,
    examples: str | Path | None = None,
    cache: str | Path | None = None,
    progress: Progress = silent,
) -> ExportResult:
    """Export a model bundle as a static web site that classifies images.

    Args:
        bundle: path of the bundle.
        folder: folder to write to; an earlier export there is replaced, other files are never overwritten.
        to: name of the target: "web".
        api: URL of the server that the site calls; None to run the model in the visitor's browser, so that no picture
            leaves the device.
        runtime: npm archive of ONNX Runtime for browsers; None for the cached one, or a download with npm.
        examples: folder of pictures that visitors can try: at most twelve, taken in turn from each of its folders; the
            site gets small copies.
        cache: directory of the cache; None for the user's cache directory.
        progress: called with the stage, items done and items in all.

    Raises:
        BundleError: the bundle cannot be used.
        PictureError: an example is damaged.
        UsageError: the target is unknown, the folder contains other files, or the runtime cannot be obtained.
    """
    target, path = find_target(to), resolve_path(folder, written=True)
    config = target.config_type(
        api=api,
        runtime=None if runtime is None else resolve_path(runtime),
        examples=find_example_pictures(examples),
        cache=cache_folder(cache),
    )
    verified = _verify(bundle)
    built = target.build(verified, config, progress=progress)
    model = verified.model
    facts = {"name": model.manifest.name, "version": model.manifest.version, "fingerprint": model.fingerprint}
    write_export(path, built, target=to, model=facts)
    sizes = {name: (path / name).stat().st_size for name in [*built.files, MANIFEST]}
    return ExportResult(target=to, folder=path, door=built.door, fingerprint=model.fingerprint, files=sizes)


def _verify(bundle: str | Path) -> VerifiedBundle:
    members = unpack(bundle)
    model = Model(members)
    if not model.verify().passed:
        model.check_outputs()
        raise BundleDamaged(
            f"{bundle} does not predict on this machine what it predicted where it was trained.",
            hint="Run `discern verify` on it, and `discern doctor`.",
        )
    return VerifiedBundle(model=model, members=members)
