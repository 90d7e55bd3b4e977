"""Fixtures: a browser, and an exported site on a static host."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import discern
from discern.errors import UsageError
from discern.serving.browser_engine import ENGINE, load_engine
from discern.store import default_folder
from tests.e2e import chromium
from tests.e2e.web.site_api import encode, scene
from tests.unit.bundle.factories import write_small


@pytest.fixture(scope="session")
def runtime() -> Path:
    """The engine's archive, from the user's cache or npm, or a skip."""
    try:
        load_engine(default_folder())
    except UsageError as error:
        pytest.skip(f"no engine for browsers: {error}")
    return default_folder() / "engines" / ENGINE.archive


@pytest.fixture(scope="package")
def chromium_browser() -> Iterator[Any]:
    """Chromium, or a skip; each test opens its own pages."""
    if why := chromium.missing_reason():
        pytest.skip(why)
    with chromium.browser() as browser:
        yield browser


@pytest.fixture(scope="package")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = {"red": {"name": "something red", "spoken": "red", "route": "bay 2"}}
    return write_small(tmp_path_factory.mktemp("bundle") / "model.discern", names=names)


@pytest.fixture(scope="package")
def root(bundle: Path, runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hosted folder that contains an exported site with an example picture."""
    folder, examples = tmp_path_factory.mktemp("hosted"), tmp_path_factory.mktemp("shown")
    (examples / "something dark.png").write_bytes(encode(scene()))
    discern.export(bundle, folder / "deep" / "site", runtime=runtime, examples=examples)
    return folder


@pytest.fixture(scope="package")
def address(root: Path) -> Iterator[str]:
    """URL of the exported site."""
    with chromium.hosted(root) as host:
        yield f"{host}deep/site/"
