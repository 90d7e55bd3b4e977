"""Sites: the exported page with the headers that it needs, in a template or an archive, the same each time."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from discern.errors import UsageError
from discern.flow.export import export
from discern.flow.ship import ship
from discern.flow.train import TrainResult
from discern.shipping.site.site_headers import cache_control, content_type, site_headers, site_policy

API = "https://abc.execute-api.us-east-1.amazonaws.com"


def read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def planned(trained: TrainResult, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("site")
    for place in ("cloudfront", "amplify"):
        ship("site", trained.bundle, folder / place, api=API, place=place)
    return {place: folder / place for place in ("cloudfront", "amplify")}


def test_the_site_is_what_export_writes(trained: TrainResult, planned: dict[str, Path], tmp_path: Path) -> None:
    export(trained.bundle, tmp_path / "site", api=API)
    exported = {name: data for name, data in read(tmp_path / "site").items() if name != "export.json"}
    assert read(planned["cloudfront"] / "site") == exported
    with zipfile.ZipFile(planned["amplify"] / "site.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == exported


def test_equal_plans_are_equal_bytes(trained: TrainResult, planned: dict[str, Path], tmp_path: Path) -> None:
    for place, folder in planned.items():
        ship("site", trained.bundle, tmp_path / place, api=API, place=place)
        assert read(tmp_path / place) == read(folder)


def test_every_file_is_uploaded_with_its_type_and_the_page_last(planned: dict[str, Path]) -> None:
    uploads = json.loads((planned["cloudfront"] / "upload.json").read_text())
    assert {each["path"] for each in uploads} == set(read(planned["cloudfront"] / "site"))
    assert uploads[-1]["path"] == "index.html"
    types = {each["path"].rpartition(".")[2]: each["content_type"] for each in uploads}
    assert types["js"].startswith("text/javascript")
    assert "application/octet-stream" not in types.values()


def test_the_template_has_the_page_s_own_policy(planned: dict[str, Path]) -> None:
    index = (planned["cloudfront"] / "site/index.html").read_bytes()
    policy = site_policy(index)
    assert policy.endswith("; frame-ancestors 'none'")
    assert f"connect-src 'self' {API};" in policy
    for folder in planned.values():
        text = (folder / "template.yaml").read_text()
        assert f"connect-src 'self' {API};" in text
        assert "discern:fingerprint" in text
        assert not re.search(r"@[A-Z_]+@", text)


def test_only_a_page_that_runs_the_model_is_isolated() -> None:
    index = b'<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;">'
    assert "Cross-Origin-Embedder-Policy" in site_headers(index, isolated=True)
    assert "Cross-Origin-Embedder-Policy" not in site_headers(index, isolated=False)
    assert site_policy(index) == "default-src 'none'; frame-ancestors 'none'"
    with pytest.raises(UsageError, match="no content security policy"):
        site_policy(b"<html></html>")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("index.html", "no-cache"),
        ("page/main.js", "no-cache"),
        ("page/config.json", "no-cache"),
        ("offline.js", "no-cache"),
        ("model", "no-cache"),
        ("model/model.onnx", "public, max-age=31536000, immutable"),
        ("runtime/onnxruntime.wasm", "public, max-age=31536000, immutable"),
        ("examples/1.jpg", "public, max-age=86400"),
    ],
)
def test_only_files_with_a_version_are_kept(path: str, expected: str) -> None:
    assert cache_control(path) == expected


@pytest.mark.parametrize("api", ["http://api.example.org", "HTTP://10.0.0.1:8000", "http://localhost.example.org"])
def test_an_api_that_browsers_would_block_is_refused(api: str, trained: TrainResult) -> None:
    with pytest.raises(UsageError, match="over HTTPS, from where browsers send nothing to"):
        ship("site", trained.bundle, api=api)


@pytest.mark.parametrize("api", [API, "http://localhost:8000", "http://127.0.0.1", "http://[::1]/a"])
def test_an_api_that_browsers_reach_is_accepted(api: str, trained: TrainResult) -> None:
    assert ship("site", trained.bundle, api=api).plan.files


def test_unknown_types_are_bytes() -> None:
    assert content_type("a.WASM") == "application/wasm"
    assert content_type("a.xyz") == content_type("a") == "application/octet-stream"


@pytest.mark.parametrize(
    "options", [{"place": "heroku"}, {"api": "ftp://x"}, {"api": API, "cpus": 1}, {"api": f"{API}'; script-src *"}]
)
def test_wrong_options_are_refused(options: dict[str, Any], trained: TrainResult, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        ship("site", trained.bundle, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
