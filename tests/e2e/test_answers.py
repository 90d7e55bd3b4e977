"""Answers and figures for whatever is asked: odd inputs, lists, closed pipes, other languages, no home."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.server_process import COLOURS, Bench
from tests.unit.training.factories import write_colours


def answers(bench: Bench, *words: str | Path, given: bytes = b"") -> list[dict[str, Any]]:
    said = bench.call("predict", *words, "--json", given=given)
    found = [json.loads(line) for line in said.out.splitlines()]
    assert (said.code, said.err) == (int(any("error" in each for each in found)), ""), said
    return found


@pytest.fixture(scope="module")
def red(bench: Bench) -> Image.Image:
    with Image.open(bench.picture("red")) as picture:
        return picture.convert("RGB")


class TestWhatPicturesMayBe:
    """Each way to store the same picture is answered as the same picture."""

    @pytest.mark.parametrize(
        ("name", "mode", "options"),
        [
            ("cmyk.jpg", "CMYK", {}),
            ("cmyk.tif", "CMYK", {"compression": "tiff_lzw"}),
            ("palette.gif", "P", {}),
            ("moving.gif", "P", {"save_all": True}),
            ("moving.webp", "RGB", {"save_all": True, "lossless": True}),
            ("moving.png", "RGB", {"save_all": True}),
            ("alpha.png", "RGBA", {}),
            ("lab.tif", "LAB", {}),
            ("plain.bmp", "RGB", {}),
            ("plain.avif", "RGB", {"quality": 90}),
        ],
    )
    def test_colours_are_seen(
        self, bench: Bench, taught: Any, red: Image.Image, tmp_path: Path, name: str, mode: str, options: dict[str, Any]
    ) -> None:
        frames = [red.rotate(90).convert(mode)] if options.get("save_all") else []
        red.convert(mode, **({"palette": Image.Palette.ADAPTIVE} if mode == "P" else {})).save(
            tmp_path / name, **options, **({"append_images": frames} if frames else {})
        )
        (answer,) = answers(bench, taught["bundle"], tmp_path / name)
        assert answer["label"] == "red"

    def test_grey_is_grey_in_one_bit_eight_and_sixteen(
        self, bench: Bench, taught: Any, red: Image.Image, tmp_path: Path
    ) -> None:
        grey = np.asarray(red.convert("L"))
        for number, pixels in enumerate((grey, grey.astype(np.uint16) * 257, grey.astype(np.int32))):
            Image.fromarray(pixels).save(tmp_path / f"{number}.tif")
        found = answers(bench, taught["bundle"], tmp_path)
        assert len({round(answer["confidence"], 4) for answer in found}) == 1

    @pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (2, 3)])
    def test_any_size_is_answered(
        self, bench: Bench, taught: Any, red: Image.Image, tmp_path: Path, size: tuple[int, int]
    ) -> None:
        red.resize(size).save(tmp_path / "odd.png")
        (answer,) = answers(bench, taught["bundle"], tmp_path / "odd.png")
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-3)


class TestManyPictures:
    def test_each_has_its_line_in_its_place(self, bench: Bench, taught: Any, tmp_path: Path) -> None:
        bad = tmp_path / "bad.jpg"
        bad.write_text("no picture")
        named = [bad, bench.picture("red"), bad, tmp_path / "gone.png", bench.picture("blue"), bad]
        found = answers(bench, taught["bundle"], *named)
        assert [answer["path"] for answer in found] == [str(path) for path in named]
        assert [answer.get("label") for answer in found] == [None, "red", None, None, "blue", None]
        assert all(set(answer["error"]) == {"code", "message", "hint"} for answer in found if "error" in answer)

    def test_more_than_one_batch_of_bad_files_is_no_hindrance(self, bench: Bench, taught: Any, tmp_path: Path) -> None:
        for number in range(70):
            (tmp_path / f"{number:03}.png").write_bytes(b"")
        found = answers(bench, taught["bundle"], tmp_path, bench.picture("red"))
        assert [answer["error"]["code"] for answer in found[:-1]] == ["empty"] * 70
        assert found[-1]["label"] == "red"

    def test_a_folder_of_no_pictures_has_errors_and_an_empty_one_a_word(
        self, bench: Bench, taught: Any, tmp_path: Path
    ) -> None:
        said = bench.call("predict", taught["bundle"], tmp_path, "--json")
        assert (said.code, said.out) == (2, "")
        assert "no picture" in said.err
        (tmp_path / "notes.txt").write_text("hello")
        assert answers(bench, taught["bundle"], tmp_path)[0]["error"]["code"] == "not_a_picture"

    @pytest.mark.skipif(os.name != "posix", reason="links are made freely elsewhere")
    def test_a_broken_link_is_named_once_by_name_and_by_pattern(
        self, bench: Bench, taught: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "broken.png").symlink_to("nowhere")
        for named in (tmp_path / "broken.png", tmp_path / "*.png"):
            (answer,) = answers(bench, taught["bundle"], named)
            assert answer["error"]["code"] == "unreadable_file"

    def test_a_home_that_nobody_has_is_a_missing_file(self, bench: Bench, taught: Any) -> None:
        (answer,) = answers(bench, taught["bundle"], "~nobody-of-that-name/a.png")
        assert answer["error"]["code"] == "unreadable_file"


class TestStandardInput:
    def test_a_list_may_have_bad_lines(self, bench: Bench, taught: Any) -> None:
        lines = [bytes(bench.picture("red")), b"", b"nowhere.png", b"\xff\xfe", b"  ", bytes(bench.picture("blue"))]
        found = answers(bench, taught["bundle"], "-", given=b"\r\n".join(lines))
        assert [answer.get("label") for answer in found] == ["red", None, None, "blue"]
        assert os.fsencode(found[2]["path"]).endswith(b"/\xff\xfe")

    def test_a_list_may_begin_as_a_picture_would(self, bench: Bench, taught: Any) -> None:
        shutil.copy(bench.picture("red"), bench.folder / "BM1.png")
        (answer,) = answers(bench, taught["bundle"], "-", given=b"BM1.png\n")
        assert answer["label"] == "red"

    @pytest.mark.parametrize("length", [10, 20, 40, 2000])
    def test_a_cut_picture_is_one_bad_picture(self, bench: Bench, taught: Any, length: int) -> None:
        (answer,) = answers(bench, taught["bundle"], "-", given=bench.picture("red").read_bytes()[:length])
        assert answer["path"] == "-"
        assert "error" in answer

    def test_noise_is_one_bad_picture(self, bench: Bench, taught: Any) -> None:
        noise = np.random.default_rng(0).bytes(100_000)
        (answer,) = answers(bench, taught["bundle"], "-", given=noise)
        assert (answer["path"], answer["error"]["code"]) == ("-", "not_a_picture")

    def test_nothing_is_no_picture(self, bench: Bench, taught: Any) -> None:
        assert "no picture" in bench.refused("predict", taught["bundle"], "-")

    def test_a_dash_in_a_list_is_a_file(self, bench: Bench, taught: Any) -> None:
        (answer,) = answers(bench, taught["bundle"], "-", given=b"-\n")
        assert answer["path"] == str(bench.folder / "-")


class TestEvaluation:
    def judged(self, bench: Bench, taught: Any, *words: str | Path) -> Any:
        return bench.json("evaluate", taught["bundle"], *words, "--cache", bench.cache)

    def refused(self, bench: Bench, taught: Any, *words: str | Path) -> str:
        return bench.refused("evaluate", taught["bundle"], *words, "--cache", bench.cache)

    def test_labels_that_the_bundle_lacks_are_counted(
        self, bench: Bench, taught: Any, fresh: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(fresh / "red", tmp_path / "red")
        shutil.copytree(fresh / "blue", tmp_path / "violet")
        shutil.copytree(bench.photos / "green", tmp_path / "green")
        found = self.judged(bench, taught, tmp_path)
        assert (found["pictures"], found["seen"], found["other_labels"]) == (8, 12, {"violet": 8})

    def test_no_label_that_the_bundle_knows(self, bench: Bench, taught: Any, fresh: Path, tmp_path: Path) -> None:
        shutil.copytree(fresh / "blue", tmp_path / "violet")
        assert "violet" in self.refused(bench, taught, tmp_path)
        assert "no labels" in self.refused(bench, taught, fresh / "red")

    def test_seen_pictures_alone(self, bench: Bench, taught: Any) -> None:
        assert "trained on all" in self.refused(bench, taught, bench.photos)

    def test_one_picture_has_no_interval_and_reaches_no_floor(
        self, bench: Bench, taught: Any, fresh: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "red").mkdir()
        shutil.copy(sorted((fresh / "red").iterdir())[0], tmp_path / "red")
        assert self.judged(bench, taught, tmp_path)["accuracy"]["low"] is None
        words = ("evaluate", taught["bundle"], tmp_path, "--cache", bench.cache, "--at-least", "accuracy=0")
        said = bench.call(*words)
        assert said.code == 1
        assert "too few" in said.out

    @pytest.mark.parametrize(("floors", "code"), [((".1", ".2"), 0), ((".1", ".99"), 1), ((".99", ".1"), 1)])
    def test_of_two_floors_the_higher_holds(
        self, bench: Bench, taught: Any, fresh: Path, floors: tuple[str, str], code: int
    ) -> None:
        options = [word for floor in floors for word in ("--at-least", f"accuracy={floor}")]
        assert bench.call("evaluate", taught["bundle"], fresh, "--cache", bench.cache, *options).code == code

    def test_copies_count_once(self, bench: Bench, taught: Any, fresh: Path, tmp_path: Path) -> None:
        source = shutil.copytree(fresh, tmp_path / "fresh")
        for number in range(20):
            shutil.copy(sorted((fresh / "red").iterdir())[0], source / "red" / f"again{number}.png")
        found = self.judged(bench, taught, source)
        assert (found["pictures"], found["weight"]) == (44, pytest.approx(24))

    @pytest.mark.parametrize("fill", ["nothing", "text", "seen"])
    def test_negatives_that_tell_nothing(
        self, bench: Bench, taught: Any, fresh: Path, tmp_path: Path, fill: str
    ) -> None:
        if fill == "text":
            (tmp_path / "a.png").write_text("no picture")
        if fill == "seen":
            shutil.copy(bench.picture("red"), tmp_path)
        assert str(tmp_path) in self.refused(bench, taught, fresh, "--negatives", tmp_path)

    def test_shares_of_strangers_are_those_of_the_threshold(
        self, bench: Bench, taught: Any, fresh: Path, tmp_path: Path
    ) -> None:
        random = np.random.default_rng(3)
        for number in range(10):
            stripes = np.tile(random.integers(0, 2, (1, 8, 1), np.uint8) * 255, (8, 1, 3))
            Image.fromarray(np.kron(stripes, np.ones((5, 5, 1), np.uint8))).save(tmp_path / f"{number}.png")
        found = self.judged(bench, taught, fresh, "--negatives", tmp_path)["unknown"]
        decided = [answer["decision"] for answer in answers(bench, taught["bundle"], fresh, tmp_path)]
        assert found["kept"]["value"] == pytest.approx(1 - decided[:24].count("unknown") / 24)
        assert found["rejected"]["value"] == pytest.approx(decided[24:].count("unknown") / 10)


def test_a_seed_may_be_as_large_as_one_likes(bench: Bench, taught: Any, fresh: Path) -> None:
    large = "9" * 60
    assert bench.work("split", bench.photos, "--seed", large)["pictures"]["train"] > 0
    judged = bench.json("evaluate", taught["bundle"], fresh, "--seed", large, "--cache", bench.cache)
    assert judged["accuracy"]["value"] > 0.5


def test_given_parts_that_hold_one_class_each_are_set_aside(bench: Bench, tmp_path: Path) -> None:
    source = write_colours(tmp_path / "train", each=8)
    for part, colour in zip(("train", "test"), COLOURS, strict=False):
        shutil.copytree(source / colour, tmp_path / "parted" / part / colour)
    assert "one label" in bench.refused("train", tmp_path / "parted" / "train", *bench.eyes)
    assert bench.work("check", tmp_path / "parted")["pictures"] == 16


@pytest.mark.skipif(os.name != "posix", reason="the shell and its pipes are POSIX")
class TestSurroundings:
    def test_a_reader_that_leaves_early_is_no_error_to_speak_of(self, bench: Bench, taught: Any) -> None:
        many = " ".join([f"'{bench.photos}'"] * 12)
        said = bench.shell(f"discern predict '{taught['bundle']}' {many} --json | head -n 1")
        assert (said.code, said.err) == (0, "")
        assert json.loads(said.out)["label"] == "blue"

    def test_no_language_no_home_and_a_narrow_terminal(self, bench: Bench, taught: Any, tmp_path: Path) -> None:
        odd = tmp_path / "größe 😀.png"
        shutil.copy(bench.picture("red"), odd)
        surroundings = {"LC_ALL": "C", "COLUMNS": "1", "TERM": "dumb"}
        said = bench.run("predict", taught["bundle"], odd, "--json", env=surroundings)
        assert (said.code, said.err) == (0, "")
        assert json.loads(said.out)["path"] == str(odd)

    def test_an_encoding_that_knows_no_letters(self, bench: Bench, taught: Any, tmp_path: Path) -> None:
        odd = tmp_path / "größe 😀.png"
        odd.write_text("no picture")
        said = bench.run("predict", taught["bundle"], odd, env={"PYTHONIOENCODING": "ascii:strict"})
        assert (said.code, said.err, said.out.count("\n")) == (1, "", 1)

    def test_a_home_that_is_not_there_is_made_for_the_cache(self, bench: Bench, tmp_path: Path) -> None:
        home = tmp_path / "home"
        said = bench.run("doctor", "--json", env={"HOME": str(home), "PATH": os.defpath})
        assert json.loads(said.out)["passed"]
        assert home.is_dir()

    def test_closed_streams(self, bench: Bench, taught: Any) -> None:
        bundle = f"'{taught['bundle']}'"
        assert bench.shell(f"discern show {bundle} --json >&-").code == 0
        assert bench.shell("discern show nowhere 2>&-").code == 2
        checked = bench.shell(f"discern check photos {' '.join(bench.eyes)} 2>&-")
        assert (checked.code, "36 pictures" in checked.out) == (0, True)
        closed = bench.shell(f"discern predict {bundle} - <&-")
        assert (closed.code, closed.err.count("\n")) == (2, 1)
        assert "Standard input is closed" in closed.err
