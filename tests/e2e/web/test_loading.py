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
    expect(page.locator("#knows")).to_contain_text("being loaded")
    page.set_input_files("#files", {"name": "a.png", "mimeType": "image/png", "buffer": encode(scene())})
    assert page.inner_text("#answer h2") == "I am getting ready: your picture is kept"
    expect(page.locator("#loading-said")).to_contain_text("being loaded (")
    assert 0 < page.evaluate("document.getElementById('loading').value") < 1
    page.evaluate(
        """() => { window.told = []; const place = document.getElementById("live-words");
        new MutationObserver(() => told.push(place.textContent)).observe(place, { childList: true }); }"""
    )
    for route in held:
        route.continue_()
    page.locator("#answer h2:not(.waiting)").wait_for()
    until(page, "() => told.length > 1")
    assert [words for words in page.evaluate("told") if "ready" in words] == ["I am loaded, and ready."]
    context.close()
