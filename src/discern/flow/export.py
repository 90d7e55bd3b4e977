"""`discern export`: a bundle at another door."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.bundle import Model
from discern.bundle.archive import unpack
from discern.errors import BundleDamaged, UsageError
from discern.flow.find_examples import find_example_pictures
from discern.flow.paths import cache_folder, resolve_path
from discern.progress import Progress, silent
from discern.serving.browser_engine import take_engine
from discern.serving.static_site import MARK, local_site, remote_site, write_site

TARGETS = ("web",)


@dataclass(frozen=True, kw_only=True)
class ExportResult:
    """What was written.

    Attributes:
        target: what it is for: "web".
        folder: where it is.
        door: who answers: "local" is the visitor's browser, "remote" a server.
        fingerprint: the bundle's.
        files: how large each file is, in bytes, by its path in the folder.
    """

    target: str
    folder: Path
    door: str
    fingerprint: str
    files: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Plain values; paths are absolute.

        Keys:
            target: what it is for: `web`.
            folder: where it is.
            door: who answers: `local` is the visitor's browser, `remote` a server.
            fingerprint: the bundle's.
            files: how many there are.
            bytes: how large they are: `all`, and of these `page`, `model` and `runtime`.
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

    def _bytes(self, beginning: str) -> int:
        return sum(size for name, size in self.files.items() if name.startswith(beginning))


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
    """Write a static site that answers pictures in the visitor's browser, or by asking a server.

    Args:
        bundle: a bundle's path.
        folder: gets the site; an earlier one there is replaced, anything else is not.
        to: "web".
        api: the address of a server that the site asks; None: the model runs in the visitor's browser, and no picture
            leaves the device.
        runtime: the npm archive of ONNX Runtime for browsers; None: kept from before, or fetched through npm.
        examples: a folder of pictures that visitors may press, at most a dozen, one of each folder in it first; the
            site gets small copies.
        cache: the cache's folder; None: the user's cache folder.
        progress: is told what takes long.

    Raises:
        BundleError: the bundle cannot be used.
        PictureError: an example is damaged.
        UsageError: there is no such target, the folder holds something else, or the engine cannot be had.
    """
    if to not in TARGETS:
        raise UsageError(f"There is no target {to!r}.", hint=f"These exist: {', '.join(TARGETS)}.")
    if api is not None and runtime is not None:
        raise UsageError("A site that asks a server needs no runtime.", hint="Leave out --runtime or --api.")
    members = unpack(bundle)
    model = Model(members)
    if not model.verify().passed:
        raise BundleDamaged(
            f"{bundle} does not answer here as it did where it was made.", hint="See `discern verify`, and doctor."
        )
    target, shown = resolve_path(folder), find_example_pictures(examples)
    if api is None:
        given = None if runtime is None else resolve_path(runtime)
        engine = take_engine(cache_folder(cache), given=given, progress=progress)
        files = local_site(model, members, engine, examples=shown)
    else:
        files = remote_site(api, examples=shown)
    known = {"name": model.manifest.name, "version": model.manifest.version, "fingerprint": model.fingerprint}
    door = "local" if api is None else "remote"
    write_site(target, files, door=door, model=known)
    sizes = {
        path.relative_to(target).as_posix(): path.stat().st_size for path in (target / name for name in [*files, MARK])
    }
    return ExportResult(target=to, folder=target, door=door, fingerprint=model.fingerprint, files=sizes)
