"""The page for people at `/`, and the documentation of the doors at `/docs`, both without any outside host."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import FileResponse, JSONResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from discern.errors import NotFound
from discern.serving.config import ServeConfig
from discern.serving.example_pictures import FOLDER, place_examples, write_examples

PAGE = Path(__file__).resolve().parent.parent / "page"
_DOCS = Path(__file__).resolve().parent / "docs"

# What a system believes of these differs (Windows may say that a script is text), and then no browser runs them.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}


def add_pages(app: FastAPI, config: ServeConfig) -> None:
    """Give an application the page, what it needs, and the documentation.

    Args:
        app: gets `/`, `/page/...`, `/examples/...`, `/docs` and `/static-offline-docs/...`.
        config: whose limits the page is told, so that it need not send what would be refused.
    """
    settings = _settings(config)

    @app.get("/page/config.json", include_in_schema=False)
    async def configure() -> JSONResponse:
        return JSONResponse(settings, headers=_FRESH)

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def show() -> Response:
        return _give(PAGE / "index.html")

    examples = place_examples(config.examples)

    @app.api_route(f"/{FOLDER}/{{name}}", methods=["GET", "HEAD"], include_in_schema=False)
    async def give_example(name: str) -> Response:
        found = examples.get(f"{FOLDER}/{name}")
        if found is None:
            raise NotFound("There is no such example.", hint="The page shows those that there are.")
        return Response(found.jpeg, media_type="image/jpeg", headers=_FRESH)

    @app.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def document() -> Response:
        return _give(_DOCS / "docs.html")

    @app.api_route("/static-offline-docs/docs.js", methods=["GET", "HEAD"], include_in_schema=False)
    async def begin() -> Response:
        return _give(_DOCS / "docs.js")

    app.mount("/page", _Files(directory=PAGE))
    app.mount("/static-offline-docs", _Files(directory=_swagger()))


_FRESH = {"Cache-Control": "no-cache"}


def _give(path: Path) -> Response:
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=_FRESH)


def _settings(config: ServeConfig) -> dict[str, Any]:
    bytes_ = min(config.limits.max_bytes, config.max_request_bytes)
    limits = {"bytes": bytes_, "pixels": config.limits.max_pixels}
    return {"kind": "server", "limits": limits, "examples": write_examples(config.examples)}


def _swagger() -> Path:
    """The folder of Swagger UI's own files, which come as a package."""
    found = find_spec("fastapi_offline")
    assert found is not None, "it is among the packages that serving needs"
    assert found.origin is not None
    return Path(found.origin).parent / "static"


class _Files(StaticFiles):
    """Files of a folder, each with its type, an ETag, and the word that a browser asks before it uses an old one."""

    def file_response(self, *given: Any, **named: Any) -> Response:
        path = Path(given[0] if given else named["full_path"])
        response = super().file_response(*given, **named)
        response.headers.update(_FRESH)
        if path.suffix in _TYPES and "content-type" in response.headers:
            response.headers["content-type"] = _TYPES[path.suffix]
        return response
