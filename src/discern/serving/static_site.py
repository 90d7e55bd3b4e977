"""The page as a static site, with a model in the visitor's browser or with a remote one."""

import base64
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from discern._version import __version__
from discern.atomic import atomic_write, is_unfinished
from discern.bundle import Model
from discern.errors import UsageError
from discern.inference.model_info import describe_model
from discern.serving.example_pictures import Example, place_examples, write_examples

MARK = "export.json"
_PAGE = Path(__file__).resolve().parent / "page"
_HEAD = "<head>"
_LOCAL = '\n  <meta name="discern-site" content="local">'
_OUTPUTS = ("probabilities", "unknown_score", "embedding")
_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src {reach}; worker-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)


def local_site(
    model: Model, members: Mapping[str, bytes], engine: Mapping[str, bytes], *, examples: Sequence[Example] = ()
) -> dict[str, bytes]:
    """The files of a site whose model runs in the visitor's browser.

    Args:
        model: the model, verified.
        members: its bundle's members, by name.
        engine: `onnxruntime.js` and `onnxruntime.wasm`.
        examples: pictures for visitors to press.

    Returns:
        The files' bytes, by their paths within the site.
    """
    about = describe_model(model.manifest.name, model, [model.manifest.name])
    loaded = {
        "model/about.json": _json(about | {"scale": model.manifest.language.scale}),
        **_golden(members["golden.npz"]),
        "model/model.onnx": members["model.onnx"],
        **{f"runtime/{name}": data for name, data in engine.items()},
    }
    config = {
        "kind": "local",
        "model": "../model/",
        "runtime": "../runtime/",
        "version": model.fingerprint[:16],
        "bytes": sum(map(len, loaded.values())) - len(engine["onnxruntime.js"]),
    }
    texts = {
        "runtime/LICENSE.txt": _text("onnxruntime_licence.txt"),
        "README.txt": _text("readme_local.txt").replace("{model}", model.manifest.name),
        "_headers": _text("headers.txt"),
    }
    placed = _page(config, examples, reach="'self'", more=_LOCAL) | loaded
    asked = {f"{name}?v={config['version']}" if name in loaded else name: data for name, data in placed.items()}
    return placed | {name: text.encode() for name, text in texts.items()} | {"offline.js": _offline(asked)}


def remote_site(url: str, *, examples: Sequence[Example] = ()) -> dict[str, bytes]:
    """The files of a site that asks a remote address.

    Args:
        url: an address where `discern serve` answers, with its path if it has one.
        examples: pictures for visitors to press.

    Raises:
        UsageError: that is no such address.
    """
    parts = _split(url)
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    reach = f"'self' {parts.scheme}://{parts.netloc}"
    readme = _text("readme_remote.txt").replace("{url}", base)
    return _page({"kind": "remote", "url": base}, examples, reach=reach) | {"README.txt": readme.encode()}


def _split(url: str) -> Any:
    hint = "Give one such as https://pictures.example.org."
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is no address ({error}).", hint=hint) from error
    odd = set(url) & set(" ;,'\"<>\\") or not url.isascii() or not url.isprintable()
    if parts.scheme not in ("http", "https") or not parts.hostname or odd:
        raise UsageError(f"{url!r} is no address of a server.", hint=hint)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(f"{url!r} has more than an address and a path.", hint=hint)
    return parts


def _page(config: Mapping[str, Any], examples: Sequence[Example], *, reach: str, more: str = "") -> dict[str, bytes]:
    """The page's own files, told which door is theirs, and held by the browser to what they may reach."""
    found = {path.relative_to(_PAGE).as_posix(): path.read_bytes() for path in _PAGE.rglob("*") if path.is_file()}
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(reach=reach)}">'
    index = found.pop("index.html").decode()
    assert index.count(_HEAD) == 1, "the page has one head"
    placed = {f"page/{name}": data for name, data in sorted(found.items())}
    held = index.replace(_HEAD, f"{_HEAD}\n  {policy}{more}").encode()
    pressed = {path: each.jpeg for path, each in place_examples(examples).items()}
    said = {**config, "examples": write_examples(examples)}
    return {"index.html": held, **placed, "page/config.json": _json(said), **pressed}


def _offline(asked: Mapping[str, bytes]) -> bytes:
    """What keeps a site in browsers: each address that the page asks for, with its sum, so that no two exports mix."""
    sums = {name: base64.b64encode(hashlib.sha256(data).digest()).decode() for name, data in asked.items()}
    files = {"" if name == "index.html" else name: f"sha256-{value}" for name, value in sums.items()}
    version = hashlib.sha256(_json(files)).hexdigest()[:16]
    script = _text("offline.js")
    assert script.count("= SITE;") == 1, "the script has one place for its site"
    return script.replace("= SITE;", f"= {json.dumps({'version': version, 'files': files})};").encode()


def _golden(kept: bytes) -> dict[str, bytes]:
    """The golden vectors in a form that a browser reads: one file of numbers and pictures, one that says where."""
    blob = io.BytesIO()
    with np.load(io.BytesIO(kept), allow_pickle=False) as arrays:
        outputs = {name: _append(blob, arrays[name]) for name in _OUTPUTS}
        pictures = []
        for name in sorted(each for each in arrays.files if each.startswith("picture_")):
            start = blob.tell()
            blob.write(arrays[name].tobytes())
            pictures.append([start, blob.tell()])
    return {"model/golden.json": _json({"pictures": pictures, "outputs": outputs}), "model/golden.bin": blob.getvalue()}


def _append(blob: io.BytesIO, array: np.ndarray) -> dict[str, int]:
    start = blob.tell()
    blob.write(np.ascontiguousarray(array, "<f4").tobytes())
    return {"start": start, "width": array[0].size}


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, allow_nan=False).encode()


def _text(name: str) -> str:
    return (resources("discern.serving") / "site" / name).read_text(encoding="utf-8")


def write_site(folder: Path, files: Mapping[str, bytes], *, door: str, model: Mapping[str, str]) -> None:
    """Put a site into a folder, in the place of an earlier one.

    What an earlier export wrote and this one does not is removed; other files beside it stay.

    Args:
        folder: made if it is not there.
        files: bytes by path.
        door: "local" or "remote".
        model: name, version and fingerprint.

    Raises:
        UsageError: something else is there.
    """
    before = _earlier(folder)
    _require_free(folder, [*files, MARK], before)
    mark = {"format": 1, "target": "web", "door": door, "model": dict(model), "discern": __version__}
    # First and last: an interrupted export knows its files again, and is seen to be unfinished.
    _mark(folder, mark | {"whole": False, "sha256": dict.fromkeys([*before, *files])})
    _tidy({(folder / name).parent for name in [*before, *files]})
    for name, data in files.items():
        _write(folder / name, data)
    for name in before - files.keys():
        (folder / name).unlink(missing_ok=True)
    _mark(
        folder,
        mark | {"whole": True, "sha256": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}},
    )


def _mark(folder: Path, mark: Mapping[str, Any]) -> None:
    _write(folder / MARK, json.dumps(mark, indent=1).encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def _tidy(folders: Iterable[Path]) -> None:
    """Remove what a killed export left unfinished."""
    for folder in folders:
        for path in folder.glob(".*"):
            if is_unfinished(path.name):
                path.unlink(missing_ok=True)


def _earlier(folder: Path) -> set[str]:
    """What an earlier export wrote there; files outside of the folder are never among it."""
    try:
        said = json.loads((folder / MARK).read_bytes())
        if said["target"] != "web":
            return set()
        named = set(map(str, said["sha256"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
    home = folder.resolve()
    return {name for name in named if "\0" not in name and (folder / name).resolve().is_relative_to(home)}


def _require_free(folder: Path, names: list[str], before: set[str]) -> None:
    hint = "Name a folder that is empty or not there; only an earlier export is replaced."
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder.", hint=hint)
    there = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if not before and any(not name.startswith(".") for name in there):
        raise UsageError(f"{folder} holds other files, such as {min(there)}.", hint=hint)
    taken = [name for name in names if name not in {*before, MARK} and (folder / name).exists()]
    if taken:
        raise UsageError(f"{folder / taken[0]} is there, and no earlier export wrote it.", hint=hint)
