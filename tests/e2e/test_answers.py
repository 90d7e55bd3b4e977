"""Predictions and metrics for unusual input: formats, lists, closed pipes, other locales, no home folder."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.server_process import COLOURS, Workspace
from tests.unit.training.factories import write_colours


def answers(workspace: Workspace, *words: str | Path, given: bytes = b"") -> list[dict[str, Any]]:
    done = workspace.call("predict", *words, "--json", given=given)
    found = [json.loads(line) for line in done.out.splitlines()]
    assert (done.code, done.err) == (int(any("error" in each for each in found)), ""), done
    return found


@pytest.fixture(scope="module")
def red(workspace: Workspace) -> Image.Image:
    with Image.open(workspace.picture("red")) as picture:
        return picture.convert("RGB")


class TestPictureFormats:
    """Every way to store a picture gives the same prediction."""

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
        self,
        workspace: Workspace,
        trained: Any,
        red: Image.Image,
        tmp_path: Path,
        name: str,
        mode: str,
        options: dict[str, Any],
    ) -> None:
        frames = [red.rotate(90).convert(mode)] if options.get("save_all") else []
        red.convert(mode, **({"palette": Image.Palette.ADAPTIVE} if mode == "P" else {})).save(
            tmp_path / name, **options, **({"append_images": frames} if frames else {})
        )
        (answer,) = answers(workspace, trained["bundle"], tmp_path / name)
        assert answer["label"] == "red"

    def test_grey_is_grey_in_any_depth(
        self, workspace: Workspace, trained: Any, red: Image.Image, tmp_path: Path
    ) -> None:
        grey = np.asarray(red.convert("L"))
        for number, pixels in enumerate((grey, grey.astype(np.uint16) * 257, grey.astype(np.int32))):
            Image.fromarray(pixels).save(tmp_path / f"{number}.tif")
        found = answers(workspace, trained["bundle"], tmp_path)
        assert len({round(answer["confidence"], 4) for answer in found}) == 1

    @pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (2, 3)])
    def test_any_size_is_predicted(
        self, workspace: Workspace, trained: Any, red: Image.Image, tmp_path: Path, size: tuple[int, int]
    ) -> None:
        red.resize(size).save(tmp_path / "odd.png")
        (answer,) = answers(workspace, trained["bundle"], tmp_path / "odd.png")
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-3)


class TestManyPictures:
    def test_each_has_its_line_in_order(self, workspace: Workspace, trained: Any, tmp_path: Path) -> None:
        bad = tmp_path / "bad.jpg"
        bad.write_text("no picture")
        named = [bad, workspace.picture("red"), bad, tmp_path / "gone.png", workspace.picture("blue"), bad]
        found = answers(workspace, trained["bundle"], *named)
        assert [answer["path"] for answer in found] == [str(path) for path in named]
        assert [answer.get("label") for answer in found] == [None, "red", None, None, "blue", None]
        assert all(set(answer["error"]) == {"code", "message", "hint"} for answer in found if "error" in answer)

    def test_a_batch_of_bad_files_does_not_matter(self, workspace: Workspace, trained: Any, tmp_path: Path) -> None:
        for number in range(70):
            (tmp_path / f"{number:03}.png").write_bytes(b"")
        found = answers(workspace, trained["bundle"], tmp_path, workspace.picture("red"))
        assert [answer["error"]["code"] for answer in found[:-1]] == ["empty"] * 70
        assert found[-1]["label"] == "red"

    def test_a_folder_of_other_files_has_errors_and_an_empty_one_is_refused(
        self, workspace: Workspace, trained: Any, tmp_path: Path
    ) -> None:
        done = workspace.call("predict", trained["bundle"], tmp_path, "--json")
        assert (done.code, done.out) == (2, "")
        assert "no picture" in done.err
        (tmp_path / "notes.txt").write_text("hello")
        assert answers(workspace, trained["bundle"], tmp_path)[0]["error"]["code"] == "not_a_picture"

    @pytest.mark.skipif(os.name != "posix", reason="links are made freely elsewhere")
    def test_a_broken_link_is_named_once_by_name_and_by_pattern(
        self, workspace: Workspace, trained: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "broken.png").symlink_to("nowhere")
        for named in (tmp_path / "broken.png", tmp_path / "*.png"):
            (answer,) = answers(workspace, trained["bundle"], named)
            assert answer["error"]["code"] == "unreadable_file"

    def test_an_unknown_user_s_home_is_a_missing_file(self, workspace: Workspace, trained: Any) -> None:
        (answer,) = answers(workspace, trained["bundle"], "~nobody-of-that-name/a.png")
        assert answer["error"]["code"] == "unreadable_file"


class TestStandardInput:
    def test_a_list_may_have_bad_lines(self, workspace: Workspace, trained: Any) -> None:
        lines = [
            bytes(workspace.picture("red")),
            b"",
            b"nowhere.png",
            b"\xff\xfe",
            b"  ",
            bytes(workspace.picture("blue")),
        ]
        found = answers(workspace, trained["bundle"], "-", given=b"\r\n".join(lines))
        assert [answer.get("label") for answer in found] == ["red", None, None, "blue"]
        assert os.fsencode(found[2]["path"]).endswith(b"/\xff\xfe")

    def test_a_list_may_begin_as_a_picture_would(self, workspace: Workspace, trained: Any) -> None:
        shutil.copy(workspace.picture("red"), workspace.folder / "BM1.png")
        (answer,) = answers(workspace, trained["bundle"], "-", given=b"BM1.png\n")
        assert answer["label"] == "red"

    @pytest.mark.parametrize("length", [10, 20, 40, 2000])
    def test_a_cut_picture_is_one_bad_picture(self, workspace: Workspace, trained: Any, length: int) -> None:
        (answer,) = answers(workspace, trained["bundle"], "-", given=workspace.picture("red").read_bytes()[:length])
        assert answer["path"] == "-"
        assert "error" in answer

    def test_noise_is_one_bad_picture(self, workspace: Workspace, trained: Any) -> None:
        noise = np.random.default_rng(0).bytes(100_000)
        (answer,) = answers(workspace, trained["bundle"], "-", given=noise)
        assert (answer["path"], answer["error"]["code"]) == ("-", "not_a_picture")

    def test_empty_input_is_refused(self, workspace: Workspace, trained: Any) -> None:
        assert "no picture" in workspace.refused("predict", trained["bundle"], "-")

    def test_a_dash_in_a_list_is_a_file(self, workspace: Workspace, trained: Any) -> None:
        (answer,) = answers(workspace, trained["bundle"], "-", given=b"-\n")
        assert answer["path"] == str(workspace.folder / "-")


class TestEvaluation:
    def evaluated(self, workspace: Workspace, trained: Any, *words: str | Path) -> Any:
        return workspace.json("evaluate", trained["bundle"], *words, "--cache", workspace.cache)

    def refused(self, workspace: Workspace, trained: Any, *words: str | Path) -> str:
        return workspace.refused("evaluate", trained["bundle"], *words, "--cache", workspace.cache)

    def test_labels_that_the_bundle_lacks_are_counted(
        self, workspace: Workspace, trained: Any, fresh: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(fresh / "red", tmp_path / "red")
        shutil.copytree(fresh / "blue", tmp_path / "violet")
        shutil.copytree(workspace.photos / "green", tmp_path / "green")
        found = self.evaluated(workspace, trained, tmp_path)
        assert (found["pictures"], found["seen"], found["other_labels"]) == (8, 12, {"violet": 8})

    def test_no_label_that_the_bundle_knows(
        self, workspace: Workspace, trained: Any, fresh: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(fresh / "blue", tmp_path / "violet")
        assert "violet" in self.refused(workspace, trained, tmp_path)
        assert "no labels" in self.refused(workspace, trained, fresh / "red")

    def test_training_pictures_alone(self, workspace: Workspace, trained: Any) -> None:
        assert "trained on all" in self.refused(workspace, trained, workspace.photos)

    def test_one_picture_has_no_interval_and_meets_no_minimum(
        self, workspace: Workspace, trained: Any, fresh: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "red").mkdir()
        shutil.copy(sorted((fresh / "red").iterdir())[0], tmp_path / "red")
        assert self.evaluated(workspace, trained, tmp_path)["accuracy"]["low"] is None
        words = ("evaluate", trained["bundle"], tmp_path, "--cache", workspace.cache, "--at-least", "accuracy=0")
        done = workspace.call(*words)
        assert done.code == 1
        assert "too few" in done.out

    @pytest.mark.parametrize(("floors", "code"), [((".1", ".2"), 0), ((".1", ".99"), 1), ((".99", ".1"), 1)])
    def test_of_two_minimums_the_higher_applies(
        self, workspace: Workspace, trained: Any, fresh: Path, floors: tuple[str, str], code: int
    ) -> None:
        options = [word for floor in floors for word in ("--at-least", f"accuracy={floor}")]
        assert workspace.call("evaluate", trained["bundle"], fresh, "--cache", workspace.cache, *options).code == code

    def test_copies_count_once(self, workspace: Workspace, trained: Any, fresh: Path, tmp_path: Path) -> None:
        source = shutil.copytree(fresh, tmp_path / "fresh")
        for number in range(20):
            shutil.copy(sorted((fresh / "red").iterdir())[0], source / "red" / f"again{number}.png")
        found = self.evaluated(workspace, trained, source)
        assert (found["pictures"], found["weight"]) == (44, pytest.approx(24))

    @pytest.mark.parametrize("fill", ["nothing", "text", "seen"])
    def test_unusable_negatives_are_refused(
        self, workspace: Workspace, trained: Any, fresh: Path, tmp_path: Path, fill: str
    ) -> None:
        if fill == "text":
            (tmp_path / "a.png").write_text("no picture")
        if fill == "seen":
            shutil.copy(workspace.picture("red"), tmp_path)
        assert str(tmp_path) in self.refused(workspace, trained, fresh, "--negatives", tmp_path)

    def test_rejected_shares_are_those_of_the_threshold(
        self, workspace: Workspace, trained: Any, fresh: Path, tmp_path: Path
    ) -> None:
        random = np.random.default_rng(3)
        for number in range(10):
            stripes = np.tile(random.integers(0, 2, (1, 8, 1), np.uint8) * 255, (8, 1, 3))
            Image.fromarray(np.kron(stripes, np.ones((5, 5, 1), np.uint8))).save(tmp_path / f"{number}.png")
        found = self.evaluated(workspace, trained, fresh, "--negatives", tmp_path)["unknown"]
        decided = [answer["decision"] for answer in answers(workspace, trained["bundle"], fresh, tmp_path)]
        assert found["kept"]["value"] == pytest.approx(1 - decided[:24].count("unknown") / 24)
        assert found["rejected"]["value"] == pytest.approx(decided[24:].count("unknown") / 10)


def test_a_seed_may_be_of_any_size(workspace: Workspace, trained: Any, fresh: Path) -> None:
    large = "9" * 60
    assert workspace.work("split", workspace.photos, "--seed", large)["pictures"]["train"] > 0
    judged = workspace.json("evaluate", trained["bundle"], fresh, "--seed", large, "--cache", workspace.cache)
    assert judged["accuracy"]["value"] > 0.5


def test_given_parts_that_hold_one_class_each_are_set_aside(workspace: Workspace, tmp_path: Path) -> None:
    source = write_colours(tmp_path / "train", each=8)
    for part, colour in zip(("train", "test"), COLOURS, strict=False):
        shutil.copytree(source / colour, tmp_path / "parted" / part / colour)
    assert "one label" in workspace.refused("train", tmp_path / "parted" / "train", *workspace.backbone_options)
    assert workspace.work("check", tmp_path / "parted")["pictures"] == 16


@pytest.mark.skipif(os.name != "posix", reason="the shell and its pipes are POSIX")
class TestSurroundings:
    def test_a_closed_pipe_is_not_an_error(self, workspace: Workspace, trained: Any) -> None:
        many = " ".join([f"'{workspace.photos}'"] * 12)
        done = workspace.shell(f"discern predict '{trained['bundle']}' {many} --json | head -n 1")
        assert (done.code, done.err) == (0, "")
        assert json.loads(done.out)["label"] == "blue"

    def test_no_locale_no_home_and_a_narrow_terminal(self, workspace: Workspace, trained: Any, tmp_path: Path) -> None:
        odd = tmp_path / "größe 😀.png"
        shutil.copy(workspace.picture("red"), odd)
        surroundings = {"LC_ALL": "C", "COLUMNS": "1", "TERM": "dumb"}
        done = workspace.run("predict", trained["bundle"], odd, "--json", env=surroundings)
        assert (done.code, done.err) == (0, "")
        assert json.loads(done.out)["path"] == str(odd)

    def test_an_ascii_encoding(self, workspace: Workspace, trained: Any, tmp_path: Path) -> None:
        odd = tmp_path / "größe 😀.png"
        odd.write_text("no picture")
        done = workspace.run("predict", trained["bundle"], odd, env={"PYTHONIOENCODING": "ascii:strict"})
        assert (done.code, done.err, done.out.count("\n")) == (1, "", 1)

    def test_a_missing_home_is_created_for_the_cache(self, workspace: Workspace, tmp_path: Path) -> None:
        home = tmp_path / "home"
        done = workspace.run("doctor", "--json", env={"HOME": str(home), "PATH": os.defpath})
        assert json.loads(done.out)["passed"]
        assert home.is_dir()

    @pytest.mark.slow
    def test_closed_streams(self, workspace: Workspace, trained: Any) -> None:
        bundle = f"'{trained['bundle']}'"
        assert workspace.shell(f"discern show {bundle} --json >&-").code == 0
        assert workspace.shell("discern show nowhere 2>&-").code == 2
        checked = workspace.shell(f"discern check photos {' '.join(workspace.backbone_options)} 2>&-")
        assert (checked.code, "36 pictures" in checked.out) == (0, True)
        closed = workspace.shell(f"discern predict {bundle} - <&-")
        assert (closed.code, closed.err.count("\n")) == (2, 1)
        assert "Standard input is closed" in closed.err
