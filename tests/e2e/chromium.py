"""Headless Chromium and a plain static host."""

import contextlib
import functools
import http.server
import importlib.util
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# The shell, which has the same engine and no window, opens a page in a third of the CPU time.
_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def missing_reason() -> str:
    """Return the reason why Chromium cannot be used; "" if it can."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed"
    return "" if find() else "Chromium is not installed (Debian: apt-get install chromium-headless-shell)"


def find() -> str | None:
    """Return the path of Chromium; None if it is not installed."""
    return os.environ.get("DISCERN_CHROMIUM") or next(filter(None, map(shutil.which, _PROGRAMS)), None)


@contextlib.contextmanager
def browser(*flags: str) -> Iterator[Any]:
    """Launch headless Chromium; `new_page` opens a page with a fresh profile."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - optional

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find(), args=[*FLAGS, *flags])
        try:
            yield chromium
        finally:
            chromium.close()


@contextlib.contextmanager
def hosted(folder: Path, headers: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve a folder like `python -m http.server`; yield its URL, with a trailing slash."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            super().end_headers()

        def log_message(self, *args: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
