"""The same page on a static host, asking a server that lets its origin ask."""

from pathlib import Path
from typing import Any

import pytest

import discern
from tests.e2e.chromium import hosted
from tests.e2e.served import ready, started
from tests.e2e.web.asking import OPEN, ask, encode, scene

REACH = "async (url) => { try { await fetch(url); return 'reached'; } catch { return 'held'; } }"


def test_it_asks_its_server_and_may_reach_nothing_else(visitor: Any, bundle: Path, tmp_path: Path) -> None:
    open_to_all = {"Access-Control-Allow-Origin": "*"}
    with (
        hosted(tmp_path) as host,
        hosted(tmp_path, open_to_all) as elsewhere,
        started(bundle, "--cors", host.rstrip("/")) as (server, _),
    ):
        ready(server)
        discern.export(bundle, tmp_path / "site", api=server)
        page = visitor.new_page()
        page.goto(f"{host}site/")
        assert page.evaluate(OPEN)["name"] == "colours"
        wanted, got = discern.load(bundle)(encode(scene())), ask(page, encode(scene()), evidence=True)
        assert got["probabilities"] == pytest.approx(wanted.probabilities, abs=1e-5)
        assert got["evidence"]["label"] == got["label"]
        assert page.evaluate(REACH, elsewhere) == "held"
        page.close()
