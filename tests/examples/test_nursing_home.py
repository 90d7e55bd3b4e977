"""The nursing home example runs whole: films, frames, groups, an honest figure, speech, bucket and budget."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import boto3
import numpy as np
import pytest
from examples.__main__ import load, names
from examples.commands import discern
from examples.nursing_home import nursing_home
from examples.nursing_home.filmed_rooms import choose_stills, views
from examples.nursing_home.home_bucket import BUCKET, figures, home_bucket, parts_of, write_archive
from examples.steps import StepFailed
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent


def photograph(seed: int, size: tuple[int, int] = (160, 150)) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Two classes, with four photographs each, a copy under another name, and a small one."""
    for number, label in enumerate(("chair", "bed")):
        (tmp_path / label).mkdir()
        for at in range(4):
            photograph(10 * number + at).save(tmp_path / label / f"{at}.png")
        photograph(0).save(tmp_path / label / "copy.jpg")
        photograph(99 + number, (100, 300)).save(tmp_path / label / "narrow.png")
    return tmp_path


def test_the_name_has_a_hyphen() -> None:
    assert "nursing-home" in names()
    assert load("nursing-home") is nursing_home.EXAMPLE


def test_no_photograph_is_filmed_twice(photographs: Path) -> None:
    chosen = choose_stills(photographs, 3)
    assert list(chosen) == ["bed", "chair"]
    assert "narrow.png" not in {path.name for paths in chosen.values() for path in paths}
    every = [path for paths in chosen.values() for path in paths]
    assert len({(path.parent.name, path.name) for path in every} & {("chair", "0.png"), ("chair", "copy.jpg")}) <= 1
    with pytest.raises(StepFailed, match=r"has \d different photographs.*PICTURES.*DATA="):
        choose_stills(photographs, 6)


def test_the_camera_stands_still_pans_and_loses_its_focus() -> None:
    still = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8))
    frames = np.stack(list(views(still.resize((320, 240)), (80, 60), np.random.default_rng(1)))).astype(float)
    assert frames.shape == (60, 60, 80, 3)
    moved = np.abs(np.diff(frames, axis=0)).mean((1, 2, 3))
    assert moved[:9].max() < moved[12:30].min()
    detail = np.abs(np.diff(frames, axis=2)).mean((1, 2, 3))
    assert detail[36:39].max() < detail[:30].min() / 2


def test_an_archive_has_no_owner_and_arrives_in_parts(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films/a.mp4").write_bytes(b"film")
    path = write_archive(tmp_path / "home.tar", films=tmp_path / "films")
    with tarfile.open(path) as archive:
        assert [(each.name, each.uid, each.mtime) for each in archive] == [("films", 0, 0), ("films/a.mp4", 0, 0)]
    with home_bucket():
        s3 = boto3.client("s3")
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key="large")["UploadId"]
        parts = []
        for number, content in enumerate((b"a" * (5 << 20), b"b"), 1):
            sent = s3.upload_part(Bucket=BUCKET, Key="large", UploadId=upload, PartNumber=number, Body=content)
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        s3.complete_multipart_upload(Bucket=BUCKET, Key="large", UploadId=upload, MultipartUpload={"Parts": parts})
        s3.put_object(Bucket=BUCKET, Key="small", Body=b"a")
        assert (parts_of("large"), parts_of("small")) == (2, 1)


def test_a_rate_is_given_for_what_was_transferred() -> None:
    transfer = {"files": 2, "bytes": 4_000_000, "seconds": 2.0, "resumed": 0, "replaced": 0}
    assert figures(transfer)["megabytes_per_second"] == 2.0
    assert "megabytes_per_second" not in figures(transfer | {"resumed": 2})


def test_a_command_that_fails_is_not_taken_for_one_that_did_a_part(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="exited with"):
        discern("collect", tmp_path / "none", "--out", tmp_path / "out", partly=True)


def test_a_frame_tells_its_film() -> None:
    assert nursing_home.film_of("rooms/bed/room-01-753f9ed0_00000.500s.jpg") == "bed/room-01-753f9ed0"


def test_all_steps_have_a_function() -> None:
    assert tuple(nursing_home.EXAMPLE.steps) == nursing_home.EXAMPLE.required


@pytest.mark.slow
@pytest.mark.real
def test_the_example_runs_whole(real_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("av")
    pytest.importorskip("obstore")
    out, own = tmp_path / "out", {"DISCERN_TEST_DATA": str(real_data), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "examples", "nursing-home", "--pictures", "12", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads((out / "result.json").read_text())
    assert [row["name"] for row in result["steps"]] == list(nursing_home.STEPS)
    assert all(row["ok"] and row["sha256"] and Path(row["artefact"]).exists() for row in result["steps"])
    assert result["data"] == "rendered"
    assert list(result["published"]) == ["note"]
    collected = json.loads((out / "02-frames/collected.json").read_text())
    films = {name: len(list((out / f"01-films/{name}").glob("*/room-*.mp4"))) for name in ("films", "test-films")}
    assert (collected["rooms"]["groups"], collected["test-rooms"]["groups"]) == tuple(films.values())
    left_out = collected["rooms"]["left_out"]
    assert left_out["unreadable_film"] == left_out["not_a_film"] == 1
    assert min(left_out[reason] for reason in ("blurred", "near_equal", "too_small")) >= films["films"] // 2
    assert "truncated" in collected["rooms"]["failed"][0]["message"]
    assert {size_of(path) for path in (out / "02-frames").glob("rooms/*/*.jpg")} == {nursing_home.SMALL}  # upright
    split = json.loads((out / "04-parts-by-film/films.json").read_text())["split"]
    assert split["by film"]["also_in_training"] == 0
    assert split["at random"]["also_in_training"] == split["at random"]["test_films"]
    accuracy = json.loads((out / "06-films-never-seen/accuracy.json").read_text())["accuracy"]
    assert result["ours"] == accuracy["films never seen"]
    assert accuracy["random split"]["value"] > accuracy["films never seen"]["value"] + 0.05
    spoken = json.loads((out / "07-speech/spoken.json").read_text())
    assert spoken["rooms"]["sentences"]["review"]["spoken"].endswith("please check")
    assert spoken["other things"]["sentences"]["unknown"]["spoken"].startswith("none of the things I know")
    bucket = json.loads((out / "08-bucket/bucket.json").read_text())
    for name in ("archive", "rooms"):
        assert bucket[name]["push"]["resumed"] == 0
        assert bucket[name]["push again"]["resumed"] == bucket[name]["push"]["files"]
    assert bucket["rooms"]["pull"]["bytes"] == bucket["rooms"]["push"]["bytes"]
    assert bucket["same_model"] is True
    assert {path.name for path in (out / "09-budget").iterdir()} >= {"BUDGET.md", "break_even.svg"}
