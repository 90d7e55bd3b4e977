"""Routes that serve the web page and the API documentation without external resources."""

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
_REVALIDATE = {"Cache-Control": "no-cache"}

# Systems disagree about these (Windows may call a script text), and browsers refuse to run a script of the wrong type.
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
    """Add the routes of the web page and the API documentation to an application."""
    settings = _settings(config)

    @app.get("/page/config.json", include_in_schema=False)
    async def page_config() -> JSONResponse:
        return JSONResponse(settings, headers=_REVALIDATE)

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> Response:
        return _file_response(PAGE / "index.html")

    @app.api_route("/monitor", methods=["GET", "HEAD"], include_in_schema=False)
    async def monitor() -> Response:
        return _file_response(PAGE / "monitor" / "monitor.html")

    @app.api_route("/audit", methods=["GET", "HEAD"], include_in_schema=False)
    async def audit() -> Response:
        return _file_response(PAGE / "monitor" / "audit.html")

    examples = place_examples(config.examples)

    @app.api_route(f"/{FOLDER}/{{name}}", methods=["GET", "HEAD"], include_in_schema=False)
    async def example(name: str) -> Response:
        found = examples.get(f"{FOLDER}/{name}")
        if found is None:
            raise NotFound("There is no such example.", hint="See /page/config.json for the examples.")
        return Response(found.jpeg, media_type="image/jpeg", headers=_REVALIDATE)

    @app.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs() -> Response:
        return _file_response(_DOCS / "docs.html")

    @app.api_route("/static-offline-docs/docs.js", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs_script() -> Response:
        return _file_response(_DOCS / "docs.js")

    app.mount("/page", _Files(directory=PAGE))
    app.mount("/static-offline-docs", _Files(directory=_swagger_ui()))


def _file_response(path: Path) -> Response:
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=_REVALIDATE)


def _settings(config: ServeConfig) -> dict[str, Any]:
    max_bytes = min(config.limits.max_bytes, config.max_request_bytes)
    limits = {"bytes": max_bytes, "pixels": config.limits.max_pixels}
    return {"kind": "server", "limits": limits, "examples": write_examples(config.examples)}


def _swagger_ui() -> Path:
    found = find_spec("fastapi_offline")
    assert found is not None, "it is among the packages that serving needs"
    assert found.origin is not None
    return Path(found.origin).parent / "static"


class _Files(StaticFiles):
    """Static file server with fixed media types and revalidation by ETag."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        path = Path(args[0] if args else options["full_path"])
        response = super().file_response(*args, **options)
        response.headers.update(_REVALIDATE)
        if path.suffix in _TYPES and "content-type" in response.headers:
            response.headers["content-type"] = _TYPES[path.suffix]
        return response
