"""Headers of a static site: security policies, and caching by kind of file."""

import re
from collections.abc import Mapping
from html import unescape
from pathlib import PurePosixPath

from discern.errors import UsageError

PERMISSIONS = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"
"""Permissions policy: the page takes pictures, and asks for nothing else."""

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
_FRAMES = "frame-ancestors 'none'"  # which only a header can say
_YEAR, _DAY = 31_536_000, 86_400
_TYPES = {
    ".bin": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".onnx": "application/octet-stream",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}


def site_policy(index: bytes) -> str:
    """Return the content security policy of the page, as a header.

    Raises:
        UsageError: the page has none.
    """
    found = _POLICY.search(index.decode())
    if found is None:
        raise UsageError("The page has no content security policy.", hint="Export it again with this version.")
    return f"{unescape(found[1])}; {_FRAMES}"


def site_headers(index: bytes, *, isolated: bool) -> dict[str, str]:
    """Return the headers of all files of a site, without those on caching.

    Args:
        index: content of `index.html`.
        isolated: whether the page runs the model itself, which takes several cores only if the page is isolated.
    """
    return {
        "Content-Security-Policy": site_policy(index),
        "Permissions-Policy": PERMISSIONS,
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": f"max-age={_YEAR}",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    } | ({"Cross-Origin-Embedder-Policy": "require-corp"} if isolated else {})


def cache_control(path: str) -> str:
    """Return how long a browser may keep a file of a site, by its kind.

    >>> cache_control("index.html"), cache_control("model/model.onnx"), cache_control("examples/1.jpg")
    ('no-cache', 'public, max-age=31536000, immutable', 'public, max-age=86400')
    """
    kind = path.partition("/")[0]
    if kind in ("model", "runtime") and path.count("/"):
        return f"public, max-age={_YEAR}, immutable"  # the page asks for them with its version
    if kind == "examples" and path.count("/"):
        return f"public, max-age={_DAY}"
    return "no-cache"


def content_type(path: str) -> str:
    """Return the content type of a file of a site."""
    return _TYPES.get(PurePosixPath(path).suffix.lower(), "application/octet-stream")


def describe_files(files: Mapping[str, bytes]) -> list[dict[str, str]]:
    """Return the path, content type and caching of each file, in the order to upload them: the page last."""
    return [
        {"path": path, "content_type": content_type(path), "cache_control": cache_control(path)}
        for path in sorted(files, key=lambda path: (path == "index.html", path))
    ]
