"""Real furniture before the camera: what is said, and on which side it is said to be."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.page.conftest import browse, choose, headline, opened, said, serve
from tests.e2e.page.scenes import PLACES, as_text, encode, film, put
from tests.e2e.server_process import call_here

pytestmark = pytest.mark.real

THINGS = {"bed": "a bed", "chair": "a chair", "sofa": "a sofa", "tv": "a television"}
SEEN = [("chair", "left"), ("tv", "centre"), ("bed", "right")]
WORDS = {"left": "to your left", "centre": "in front of you", "right": "to your right"}


@pytest.fixture(scope="module")
def furniture(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle taught by forty photographs of each thing."""
    folder = tmp_path_factory.mktemp("furniture")
    for thing in THINGS:
        (folder / "photos" / thing).mkdir(parents=True)
        for path in sorted((real_data / "furniture7" / thing).iterdir())[::3][:40]:
            shutil.copy(path, folder / "photos" / thing)
    lines = ["label,name,spoken", *(f"{thing},{words.split()[1]},{words}" for thing, words in THINGS.items())]
    (folder / "names.csv").write_text("\n".join(lines))
    words = ("--names", "names.csv", "--at-most-wrong", "10%", "--cache", "cache")
    assert call_here(folder, ("train", "photos", "--name", "taught", *words)).code == 0
    return folder / "runs" / "taught" / "model.discern"


@pytest.fixture(scope="module")
def taught(furniture: Path) -> Iterator[str]:
    with serve(furniture) as address:
        yield address


def read_picture(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


@pytest.fixture(scope="module")
def fresh(real_data: Path) -> dict[str, list[Image.Image]]:
    """Eight photographs of each thing that it was not taught by."""
    return {
        thing: [read_picture(path) for path in sorted((real_data / "furniture7" / thing).iterdir())[1::3][:8]]
        for thing in THINGS
    }


def answered(address: str, scene: Image.Image) -> tuple[str, str, str | None]:
    """What the server says of a scene: its decision, its label, and the place."""
    said = httpx2.post(f"{address}/predict?evidence=1", content=encode(scene)).json()
    return said["decision"], said["label"], said["evidence"]["place"]


def robust(address: str, things: list[Image.Image], label: str, place: str) -> Image.Image:
    """A scene of which the model is sure; what the camera adds must not turn it."""
    scenes = (put(thing, place) for thing in things)
    return next(scene for scene in scenes if answered(address, scene) == ("accept", label, place))


_ASK = """async (text) => {
    const { connect } = await import("/page/api/connect.js");
    const { spokenAnswer, userSide } = await import("/page/voice/phrases.js");
    const answerer = await connect();
    const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
    const answer = await answerer.predict(new Blob([bytes], { type: "image/jpeg" }), { evidence: true });
    const place = userSide(answer.evidence.place, "environment");
    return [answer.decision, spokenAnswer(answer, { modelInfo: await answerer.modelInfo(), place, short: true })];
}"""


def test_real_things_are_named_and_their_sides_said_right(
    playwright: Playwright, taught: str, real_data: Path, fresh: dict[str, list[Image.Image]], tmp_path: Path
) -> None:
    # One test, so that one worker teaches one model for it.
    scenes = [robust(taught, fresh[thing], thing, place) for thing, place in SEEN]
    shown = film(tmp_path / "room.mjpeg", scenes, frames=90)
    with browse(playwright, shown) as browser, opened(browser) as context:
        page = context.new_page()
        page.goto(taught)
        check_places(page, fresh)
        check_still(page, scenes[0], tmp_path / "room.jpg")
        check_stranger(page, taught, real_data)
        check_hands_free(page)
        page.get_by_role("button", name="Take picture").click()
        expect(headline(page)).to_be_visible()


def check_places(page: Page, fresh: dict[str, list[Image.Image]]) -> None:
    told = [
        (place, page.evaluate(_ASK, as_text(put(thing, place))))
        for things in fresh.values()
        for thing in things[:5]
        for place in PLACES
    ]
    known = [(place, words) for place, (decision, words) in told if decision != "unknown"]
    right = sum(words.endswith(WORDS[place]) for place, words in known)
    wrong = sum(words.endswith(tuple(WORDS.values())) for _, words in known) - right
    assert len(known) >= 0.5 * len(told)
    assert right >= 0.75 * len(known)
    assert wrong <= 0.15 * len(known)


def check_still(page: Page, scene: Image.Image, path: Path) -> None:
    path.write_bytes(encode(scene))
    choose(page, path)
    expect(headline(page)).to_contain_text("Chair")
    page.locator("#heatmap").click()
    expect(page.locator("#heatmap-status")).to_contain_text("on the left")


def check_stranger(page: Page, address: str, real_data: Path) -> None:
    others = sorted((real_data / "negatives_imagenet").iterdir())
    choose(page, next(path for path in others if answered(address, read_picture(path))[0] == "unknown"))
    expect(headline(page)).to_contain_text("This is not one of the things I know")


def check_hands_free(page: Page) -> None:
    before = page.locator("#rows tr").count()
    page.get_by_role("button", name="Describe aloud what the camera sees").click()
    expect(page.locator("#rows tr")).to_have_count(before + 4, timeout=60_000)
    heard = said(page)[1:5]
    told = [f"{THINGS[thing]}, {WORDS[place]}" for thing, place in SEEN]
    begin = told.index(heard[0])
    assert heard == [told[(begin + number) % 3] for number in range(4)]
