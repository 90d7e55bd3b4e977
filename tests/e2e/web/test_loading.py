"""An exported site whose model is still on its way."""

from typing import Any

from playwright.sync_api import expect

from tests.e2e.web.asking import encode, scene
from tests.e2e.web.test_offline import until


def test_who_comes_while_the_model_is_loaded_sees_how_far_it_is(visitor: Any, address: str) -> None:
    context = visitor.new_context(service_workers="block")
    page = context.new_page()
    held: list[Any] = []

    def keep(route: Any) -> None:
        held.append(route)

    context.route("**/model.onnx*", keep)
    page.goto(address)
    expect(page.locator("#model-summary")).to_contain_text("Loading the model")
    page.set_input_files("#files", {"name": "a.png", "mimeType": "image/png", "buffer": encode(scene())})
    assert page.inner_text("#answer h2") == "Getting ready: your picture is waiting"
    expect(page.locator("#loading-status")).to_contain_text("Loading the model (")
    assert 0 < page.evaluate("document.getElementById('loading').value") < 1
    page.evaluate(
        """() => { window.told = []; const place = document.getElementById("announcements");
        new MutationObserver(() => told.push(place.textContent)).observe(place, { childList: true }); }"""
    )
    for route in held:
        route.continue_()
    page.locator("#answer h2:not(.waiting)").wait_for()
    until(page, "() => told.length > 1")
    assert [words for words in page.evaluate("told") if "ready" in words] == ["The model is loaded and ready."]
    context.close()
