"""The fruit example runs whole, from varieties to a monitored server, and its parts do what they say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from examples.fruit import fruit
from examples.fruit.cameras import film_fruit, find_still, is_on_white, see_with_new_camera
from examples.fruit.shop_traffic import DAY, plan_week
from examples.fruit.varieties import MADE, choose_classes, find_varieties, turn_hue, write_classes
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Two varieties in both parts, of two and three films."""
    films = {"Apple 1": ("r_{}_100.jpg", "{}_100.jpg"), "Plum": ("r0_{}_100.jpg", "r1_{}_100.jpg", "r2_{}_100.jpg")}
    for label, names in films.items():
        for number in range(12):
            part = "train" if number % 3 else "test"
            (tmp_path / "pack" / part / label).mkdir(parents=True, exist_ok=True)
            for name in names:
                colour = (200, number * 10, 40)
                Image.new("RGB", (20, 20), colour).save(tmp_path / "pack" / part / label / name.format(number * 7))
    return tmp_path / "pack"


def test_films_are_found_across_the_parts_in_the_order_of_their_frames(pack: Path) -> None:
    found = find_varieties(pack)
    assert {label: sorted(films) for label, films in found.items()} == {
        "Apple 1": ["r", "r3"],
        "Plum": ["r0", "r1", "r2"],
    }
    assert [path.name for path in found["Plum"]["r1"]][:3] == ["r1_0_100.jpg", "r1_7_100.jpg", "r1_14_100.jpg"]


def test_made_classes_are_tagged_and_come_from_varieties_with_most_films(pack: Path) -> None:
    classes = choose_classes(find_varieties(pack), count=5)
    assert [each.name for each in classes[:2]] == ["Apple 1", "Plum"]
    assert all(each.name.endswith(MADE) and each.made_from == "Plum" for each in classes[2:])
    assert len({each.hue for each in classes[2:]}) == 3


@pytest.mark.real
def test_the_pack_has_52_varieties_of_which_79_more_classes_are_made(real_data: Path) -> None:
    classes = choose_classes(find_varieties(real_data / fruit.PACK))
    assert [sum(each.is_made is made for each in classes) for made in (False, True)] == [52, 79]


def test_the_same_seed_writes_the_same_pictures_to_train_and_field(pack: Path, tmp_path: Path) -> None:
    classes, contents = choose_classes(find_varieties(pack), count=4), []
    for name in "ab":
        (tmp_path / name).mkdir()
        numbers = write_classes(classes, tmp_path / name, frames=6)
        assert sum(numbers.values()) == 6 * (2 + 3 * 3)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        contents.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert contents[0] == contents[1]
    assert 0 < numbers["field"] < numbers["train"]
    origins = [line.split(",")[1] for line in (tmp_path / "a/classes.csv").read_text("utf-8").splitlines()[1:]]
    assert origins == ["real", "real", "made", "made"]


def test_a_turned_hue_leaves_white_and_black_as_they_are() -> None:
    picture = Image.fromarray(np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0]]], np.uint8))
    assert np.array(turn_hue(picture, 86))[0, :2].tolist() == [[255, 255, 255], [0, 0, 0]]
    red, green, blue = np.array(turn_hue(picture, 86))[0, 2].tolist()
    assert green > 200
    assert max(red, blue) < 60


def test_a_week_shows_each_picture_once_and_more_cherries_at_its_end() -> None:
    pictures = [Path(f"{label}/{number}.jpg") for label in ("Apple 1", "Cherry 2") for number in range(200)]
    visits = plan_week(pictures, seed=0)
    assert sorted(each.picture for each in visits) == sorted(pictures)
    assert [each.time for each in visits] == sorted(each.time for each in visits)
    late = [each.picture.parent.name for each in visits if each.time // DAY >= 5]
    assert late.count("Cherry 2") > 1.5 * late.count("Apple 1") > 0


def test_the_new_camera_is_darker_and_softer(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (seen,) = see_with_new_camera([tmp_path / "a.png"], tmp_path / "out")
    with Image.open(seen) as picture:
        after = np.array(picture, float)
    assert after.mean() < pixels.mean() - 15
    assert after.std() < pixels.std() / 2
    assert after[..., 2].mean() < after[..., 0].mean()


def test_a_film_of_a_fruit_turns_it_on_white(tmp_path: Path) -> None:
    still = find_still(None)
    assert is_on_white(still)
    assert not is_on_white(Image.new("RGB", (50, 50), "grey"))
    frames = film_fruit(still, tmp_path / "film", frames=5)
    assert len({path.read_bytes() for path in frames}) == 5
    for path in frames:
        with Image.open(path) as frame:
            assert frame.size == (100, 100)
            assert is_on_white(frame)


def test_all_steps_have_a_function() -> None:
    assert tuple(fruit.EXAMPLE.steps) == fruit.EXAMPLE.required


@pytest.mark.slow
@pytest.mark.real
def test_the_example_runs_whole(real_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    own = {
        "DISCERN_TEST_DATA": str(real_data),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    command = [sys.executable, "-m", "examples", "fruit", "--pictures", "24", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((out / "result.json").read_text("utf-8"))
    assert [row["name"] for row in result["steps"]] == list(fruit.STEPS)
    assert all(row["ok"] and row["sha256"] for row in result["steps"])
    assert result["data"] == "subset"
    assert_reproduced(out)
    assert_watched(out)


def assert_reproduced(out: Path) -> None:
    """The classes were trained twice to the same bytes, and continuous integration can pass and fail."""
    rows = (out / "01-131-classes/classes.csv").read_text("utf-8").splitlines()[1:]
    assert [sum(f",{kind}," in row for row in rows) for kind in ("real", "made")] == [52, 8]
    first, second = json.loads((out / "06-continuous-integration/twice.json").read_text("utf-8"))["sha256"]
    assert first == second


def assert_watched(out: Path) -> None:
    """The quiet week has no alarm; the camera is named by its signals, and the new fruit is a cluster."""
    quiet, camera, new = (
        json.loads((out / folder / "watch.json").read_text("utf-8"))
        for folder in ("07-a-quiet-week", "09-a-new-camera", "10-a-new-fruit")
    )
    assert quiet["alarms"] == []
    assert {"sharpness", "brightness"} & {each["kind"] for each in camera["alarms"]}
    assert all(each["examples"] for each in camera["alarms"])
    assert new["clusters"][0]["size"] >= 10
    assert new["lost"] == 0
    assert "Sharp" in (out / "10-a-new-fruit/watch.html").read_text("utf-8").title()
    assert "captured_exchanges_total" in (out / "11-monitor-page/metrics.txt").read_text("utf-8")
