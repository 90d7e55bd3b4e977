"""Functions that build static web sites for image classification."""

import base64
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from discern.bundle import Model, golden
from discern.errors import UsageError
from discern.inference.model_info import describe_model
from discern.serving.example_pictures import Example, place_examples, write_examples

_PAGE = Path(__file__).resolve().parent / "page"
_HEAD = "<head>"
_SERVER_ONLY = "monitor/"
_LOCAL = '\n  <meta name="discern-site" content="local">'
_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src {reach}; worker-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)


def local_site(
    model: Model, members: Mapping[str, bytes], engine: Mapping[str, bytes], *, examples: Sequence[Example] = ()
) -> dict[str, bytes]:
    """Build a static web site that runs the model in the browser.

    Args:
        model: the model, verified.
        members: content of its bundle's files, by name.
        engine: content of `onnxruntime.js` and `onnxruntime.wasm`.
        examples: pictures that visitors can try.

    Returns:
        Content of the files, by path within the site.
    """
    about = describe_model(model.manifest.name, model, [model.manifest.name])
    loaded = {
        "model/about.json": _json(about | {"scale": model.manifest.label_names.scale}),
        **_golden_files(golden.read(members["golden.npz"], classes=len(model.labels))),
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
    files = _page_files(config, examples, reach="'self'", more=_LOCAL) | loaded
    requested = {f"{name}?v={config['version']}" if name in loaded else name: data for name, data in files.items()}
    return files | {name: text.encode() for name, text in texts.items()} | {"offline.js": _offline_script(requested)}


def remote_site(url: str, *, examples: Sequence[Example] = ()) -> dict[str, bytes]:
    """Build a static web site that sends images to a server for classification.

    Args:
        url: URL that `discern serve` is reached at, including its path if it has one.
        examples: pictures that visitors can try.

    Raises:
        UsageError: the URL is not one of a server.
    """
    parts = _split_url(url)
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    reach = f"'self' {parts.scheme}://{parts.netloc}"
    readme = _text("readme_remote.txt").replace("{url}", base)
    return _page_files({"kind": "remote", "url": base}, examples, reach=reach) | {"README.txt": readme.encode()}


def _split_url(url: str) -> Any:
    hint = "Pass a URL such as https://pictures.example.org."
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is not a URL ({error}).", hint=hint) from error
    unsafe = set(url) & set(" ;,'\"<>\\") or not url.isascii() or not url.isprintable()
    if parts.scheme not in ("http", "https") or not parts.hostname or unsafe:
        raise UsageError(f"{url!r} is not the URL of a server.", hint=hint)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(f"{url!r} has a user, a query or a fragment; only a host and a path are allowed.", hint=hint)
    return parts


def _page_files(
    config: Mapping[str, Any], examples: Sequence[Example], *, reach: str, more: str = ""
) -> dict[str, bytes]:
    """Build the web page with its configuration and content security policy."""
    files = {path.relative_to(_PAGE).as_posix(): path for path in _PAGE.rglob("*") if path.is_file()}
    found = {name: path.read_bytes() for name, path in files.items() if not name.startswith(_SERVER_ONLY)}
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(reach=reach)}">'
    index = found.pop("index.html").decode()
    assert index.count(_HEAD) == 1, "index.html has one <head>"
    page = {f"page/{name}": data for name, data in sorted(found.items())}
    limited = index.replace(_HEAD, f"{_HEAD}\n  {policy}{more}").encode()
    pictures = {path: each.jpeg for path, each in place_examples(examples).items()}
    configuration = _json({**config, "examples": write_examples(examples)})
    return {"index.html": limited, **page, "page/config.json": configuration, **pictures}


def _offline_script(requested: Mapping[str, bytes]) -> bytes:
    """Build the service worker that caches the web site's files for offline use."""
    sums = {name: base64.b64encode(hashlib.sha256(data).digest()).decode() for name, data in requested.items()}
    files = {"" if name == "index.html" else name: f"sha256-{value}" for name, value in sums.items()}
    version = hashlib.sha256(_json(files)).hexdigest()[:16]
    script = _text("offline.js")
    assert script.count("= SITE;") == 1, "offline.js has one placeholder"
    return script.replace("= SITE;", f"= {json.dumps({'version': version, 'files': files})};").encode()


def _golden_files(vectors: golden.GoldenVectors) -> dict[str, bytes]:
    """Convert golden vectors to the binary files that the browser reads."""
    blob = io.BytesIO()
    outputs = {name: _append(blob, values) for name, values in vectors.outputs.items()}
    pictures = []
    for picture in vectors.pictures:
        start = blob.tell()
        blob.write(picture)
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
