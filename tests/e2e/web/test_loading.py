"""Loading progress of an exported site."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.web.site_api import encode, scene
from tests.e2e.web.test_offline import wait_until

pytestmark = pytest.mark.slow


def test_loading_the_model_shows_progress(chromium_browser: Any, address: str) -> None:
    context = chromium_browser.new_context(service_workers="block")
    page = context.new_page()
    routes: list[Any] = []

    def hold(route: Any) -> None:
        routes.append(route)

    context.route("**/model.onnx*", hold)
    page.goto(address)
    expect(page.locator("#model-summary")).to_contain_text("Loading the model")
    page.set_input_files("#files", {"name": "a.png", "mimeType": "image/png", "buffer": encode(scene())})
    assert page.inner_text("#answer h2") == "Getting ready: your picture is waiting"
    expect(page.locator("#loading-status")).to_contain_text("Loading the model (")
    assert 0 < page.evaluate("document.getElementById('loading').value") < 1
    page.evaluate(
        """() => { window.announced = []; const place = document.getElementById("announcements");
        new MutationObserver(() => announced.push(place.textContent)).observe(place, { childList: true }); }"""
    )
    for route in routes:
        route.continue_()
    page.locator("#answer h2:not(.waiting)").wait_for()
    wait_until(page, "() => announced.length > 1")
    assert [text for text in page.evaluate("announced") if "ready" in text] == ["The model is loaded and ready."]
    context.close()
