"""Real furniture in front of the camera: the spoken label and side."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.page.conftest import browse, choose, headline, open_context, serve, spoken_texts
from tests.e2e.page.scenes import SIDES, encode, film, place_object, to_base64
from tests.e2e.server_process import call_here

pytestmark = [pytest.mark.real, pytest.mark.slow]

CLASSES = {"bed": "a bed", "chair": "a chair", "sofa": "a sofa", "tv": "a television"}
SCENES = [("chair", "left"), ("tv", "centre"), ("bed", "right")]
SIDE_PHRASES = {"left": "to your left", "centre": "in front of you", "right": "to your right"}


@pytest.fixture(scope="module")
def furniture(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle trained on forty photographs of each class."""
    folder = tmp_path_factory.mktemp("furniture")
    for label in CLASSES:
        (folder / "photos" / label).mkdir(parents=True)
        for path in sorted((real_data / "furniture7" / label).iterdir())[::3][:40]:
            shutil.copy(path, folder / "photos" / label)
    lines = ["label,name,spoken", *(f"{label},{phrase.split()[1]},{phrase}" for label, phrase in CLASSES.items())]
    (folder / "names.csv").write_text("\n".join(lines))
    options = ("--names", "names.csv", "--at-most-wrong", "10%", "--cache", "cache")
    assert call_here(folder, ("train", "photos", "--name", "furniture", *options)).code == 0
    return folder / "runs" / "furniture" / "model.discern"


@pytest.fixture(scope="module")
def furniture_address(furniture: Path) -> Iterator[str]:
    with serve(furniture) as address:
        yield address


def read_picture(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


@pytest.fixture(scope="module")
def held_out(real_data: Path) -> dict[str, list[Image.Image]]:
    """Eight photographs of each class that are not in the training data."""
    return {
        label: [read_picture(path) for path in sorted((real_data / "furniture7" / label).iterdir())[1::3][:8]]
        for label in CLASSES
    }


def predict(address: str, scene: Image.Image) -> dict[str, Any]:
    """Return the server's answer for a scene, with evidence."""
    answer: dict[str, Any] = httpx2.post(f"{address}/predict?evidence=1", content=encode(scene)).json()
    return answer


def find_accepted_scene(address: str, photos: list[Image.Image], label: str, side: str) -> Image.Image:
    """Return the most clearly known scene that the server accepts with the right label and side.

    The camera adds noise, which could make a barely known scene unknown.
    """
    scenes = [place_object(photo, side) for photo in photos]
    answers = [predict(address, scene) for scene in scenes]
    right = [
        number
        for number, answer in enumerate(answers)
        if (answer["decision"], answer["label"], answer["evidence"]["place"]) == ("accept", label, side)
    ]
    return scenes[min(right, key=lambda number: answers[number]["unknown_score"])]


_PREDICT = """async (text) => {
    const { connect } = await import("/page/api/connect.js");
    const { spokenAnswer, userSide } = await import("/page/voice/phrases.js");
    const api = await connect();
    const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
    const answer = await api.predict(new Blob([bytes], { type: "image/jpeg" }), { evidence: true });
    const place = userSide(answer.evidence.place, "environment");
    return [answer.decision, spokenAnswer(answer, { modelInfo: await api.modelInfo(), place, short: true })];
}"""


def test_real_objects_are_announced_with_label_and_side(
    playwright: Playwright,
    furniture_address: str,
    real_data: Path,
    held_out: dict[str, list[Image.Image]],
    tmp_path: Path,
) -> None:
    # One test, so that the model is trained once.
    scenes = [find_accepted_scene(furniture_address, held_out[label], label, side) for label, side in SCENES]
    shown = film(tmp_path / "room.mjpeg", scenes, frames=90)
    with browse(playwright, shown) as browser, open_context(browser) as context:
        page = context.new_page()
        page.goto(furniture_address)
        check_sides(page, held_out)
        check_still(page, scenes[0], tmp_path / "room.jpg")
        check_unknown(page, furniture_address, real_data)
        check_hands_free(page)
        page.get_by_role("button", name="Take picture").click()
        expect(headline(page)).to_be_visible()


def check_sides(page: Page, held_out: dict[str, list[Image.Image]]) -> None:
    spoken = [
        (side, page.evaluate(_PREDICT, to_base64(place_object(photo, side))))
        for photos in held_out.values()
        for photo in photos[:5]
        for side in SIDES
    ]
    known = [(side, phrase) for side, (decision, phrase) in spoken if decision != "unknown"]
    correct = sum(phrase.endswith(SIDE_PHRASES[side]) for side, phrase in known)
    wrong = sum(phrase.endswith(tuple(SIDE_PHRASES.values())) for _, phrase in known) - correct
    assert len(known) >= 0.5 * len(spoken)
    assert correct >= 0.75 * len(known)
    assert wrong <= 0.15 * len(known)


def check_still(page: Page, scene: Image.Image, path: Path) -> None:
    path.write_bytes(encode(scene))
    choose(page, path)
    expect(headline(page)).to_contain_text("Chair")
    page.locator("#heatmap").click()
    expect(page.locator("#heatmap-status")).to_contain_text("on the left")


def check_unknown(page: Page, address: str, real_data: Path) -> None:
    others = sorted((real_data / "negatives_imagenet").iterdir())
    choose(page, next(path for path in others if predict(address, read_picture(path))["decision"] == "unknown"))
    expect(headline(page)).to_contain_text("This is not one of the things I know")


def check_hands_free(page: Page) -> None:
    rows_before = page.locator("#rows tr").count()
    page.get_by_role("button", name="Describe aloud what the camera sees").click()
    expect(page.locator("#rows tr")).to_have_count(rows_before + 4, timeout=60_000)
    announced = spoken_texts(page)[1:5]
    spoken = [f"{CLASSES[label]}, {SIDE_PHRASES[side]}" for label, side in SCENES]
    start = spoken.index(announced[0])
    assert announced == [spoken[(start + number) % 3] for number in range(4)]
