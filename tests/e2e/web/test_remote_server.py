"""An exported page on a static host that sends its pictures to a server with CORS enabled."""

from pathlib import Path
from typing import Any

import pytest

import discern
from tests.e2e.chromium import hosted
from tests.e2e.served import ready, started
from tests.e2e.web.site_api import OPEN, encode, predict, scene

pytestmark = pytest.mark.slow

FETCH = "async (url) => { try { await fetch(url); return 'reached'; } catch { return 'held'; } }"


def test_the_page_uses_its_server_and_may_reach_no_other_host(
    chromium_browser: Any, bundle: Path, tmp_path: Path
) -> None:
    allow_all = {"Access-Control-Allow-Origin": "*"}
    with (
        hosted(tmp_path) as host,
        hosted(tmp_path, allow_all) as other_host,
        started(bundle, "--cors", host.rstrip("/")) as (server, _),
    ):
        ready(server)
        discern.export(bundle, tmp_path / "site", api=server)
        page = chromium_browser.new_page()
        page.goto(f"{host}site/")
        assert page.evaluate(OPEN)["name"] == "colours"
        expected, prediction = discern.load(bundle)(encode(scene())), predict(page, encode(scene()), evidence=True)
        assert prediction["probabilities"] == pytest.approx(expected.probabilities, abs=1e-5)
        assert prediction["evidence"]["label"] == prediction["label"]
        assert page.evaluate(FETCH, other_host) == "held"
        page.close()
