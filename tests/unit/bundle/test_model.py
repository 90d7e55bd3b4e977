import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.bundle import Model, Prediction, Thresholds, archive, load, verify
from discern.errors import (
    BundleDamaged,
    BundleError,
    DamagedPicture,
    EmptyFile,
    PictureError,
    UnreadableFile,
    UsageError,
)
from tests.unit.bundle.factories import LABELS, SIZE, plain, write_small
from tests.unit.picture.test_colour import swapped_profile


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("bundle") / "model.discern")


@pytest.fixture(scope="module")
def model(bundle: Path) -> Model:
    return load(bundle)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_sure_answer_is_accepted(model: Model) -> None:
    answer = model(plain(250, 0, 0))
    assert (answer.label, answer.decision) == ("red", "accept")
    assert answer.confidence == answer.probabilities["red"] > 0.8


def test_a_doubtful_answer_asks_a_person(model: Model) -> None:
    answer = model(plain(128, 0, 0))
    assert answer.decision == "review"
    assert "please have a look" in answer.message


def test_a_stranger_is_told_first_however_sure(model: Model) -> None:
    answer = model(plain(255, 255, 255))
    assert answer.decision == "unknown"
    assert answer.looks_like == answer.label == "red"
    assert "not one of the things I know" in answer.message


def test_without_a_policy_nothing_is_accepted(tmp_path: Path) -> None:
    model = load(write_small(tmp_path / "m.discern", thresholds=Thresholds(unknown=0.6)))
    assert model(plain(250, 0, 0)).decision == "review"


def test_paths_bytes_and_pixels_give_one_answer(model: Model, tmp_path: Path) -> None:
    pixels = plain(200, 30, 20)
    path = tmp_path / "red.png"
    path.write_bytes(png(pixels))
    answers = [model(source) for source in (path, str(path), png(pixels), pixels)]
    assert len({answer.confidence for answer in answers}) == 1


class TestImagesOfPillow:
    """They are answered as the file they come from, or would be."""

    @pytest.fixture
    def two(self) -> Image.Image:
        """Red above, white below, and not square: what is turned or cut otherwise is answered otherwise."""
        pixels = np.full((60, 40, 3), 255, np.uint8)
        pixels[:17] = (200, 10, 10)
        return Image.fromarray(pixels)

    @pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
    @pytest.mark.parametrize("turn", [1, 3, 6])
    def test_an_image_is_answered_as_its_file(
        self, model: Model, two: Image.Image, tmp_path: Path, form: str, turn: int
    ) -> None:
        exif = Image.Exif()
        exif[0x0112] = turn
        two.save(tmp_path / "a", form, **({} if form in ("BMP", "GIF") else {"exif": exif}))
        with Image.open(tmp_path / "a") as image:
            assert np.array_equal(model.prepare(image), model.prepare(tmp_path / "a"))

    @pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK", "I;16"])
    def test_every_mode_is_brought_to_rgb(self, model: Model, two: Image.Image, tmp_path: Path, mode: str) -> None:
        image = two.convert("L").convert("I").point(lambda grey: grey * 257).convert(mode) if ";" in mode else two
        image = image.convert(mode)
        if "A" in mode:
            image.putalpha(Image.linear_gradient("L").resize(image.size))
        image.save(tmp_path / "a", "TIFF" if mode == "CMYK" else "PNG")
        assert np.array_equal(model.prepare(image), model.prepare(tmp_path / "a"))

    def test_a_profile_of_colours_counts(self, model: Model, two: Image.Image, tmp_path: Path) -> None:
        two.save(tmp_path / "a", "PNG", icc_profile=swapped_profile())
        with Image.open(tmp_path / "a") as image:
            assert np.array_equal(model.prepare(image), model.prepare(tmp_path / "a"))
            assert not np.array_equal(model.prepare(image), model.prepare(two))

    def test_one_that_cannot_be_decoded_has_its_error_in_its_place(self, model: Model, two: Image.Image) -> None:
        cut = Image.open(io.BytesIO(png(np.asarray(two))[:90]))
        answers = list(model.predict([two, cut]))
        assert [type(answer) for answer in answers] == [Prediction, DamagedPicture]

    def test_it_is_left_as_it_was(self, model: Model, two: Image.Image) -> None:
        before = two.tobytes()
        model(two)
        assert (two.tobytes(), two.mode, two.size) == (before, "RGB", (40, 60))


@pytest.mark.parametrize("given", [None, 5, ["a.png"]])
def test_what_is_no_picture_is_refused_in_words(model: Model, given: object) -> None:
    with pytest.raises(UsageError, match=f"no {type(given).__name__}"):
        model(given)  # type: ignore[arg-type]


def test_probabilities_are_named_and_sum_to_one(model: Model) -> None:
    answer = model(plain(90, 90, 0))
    assert tuple(answer.probabilities) == LABELS
    assert sum(answer.probabilities.values()) == pytest.approx(1.0, abs=1e-6)


def test_many_pictures_keep_their_order_and_errors_their_places(model: Model, tmp_path: Path) -> None:
    sources = [png(plain(250, 0, 0)), b"", tmp_path / "none.png", png(plain(0, 0, 0))] * 12
    answers = list(model.predict(sources))
    assert [type(answer) for answer in answers[:4]] == [Prediction, EmptyFile, UnreadableFile, Prediction]
    assert len(answers) == 48
    assert [a.label for a in answers if isinstance(a, Prediction)] == ["red", "dark"] * 12


def test_one_bad_picture_raises_its_own_error(model: Model) -> None:
    with pytest.raises(PictureError):
        model(b"no picture")


def test_evidence_speaks_where_the_colour_is(model: Model) -> None:
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels[:, : SIZE // 2, 0] = 255
    evidence = model.run(pixels[None])["evidence"][0]
    assert evidence.shape == (SIZE, SIZE, 2)
    assert evidence[:, : SIZE // 2, 1].mean() > evidence[:, SIZE // 2 :, 1].mean()


def test_the_json_has_what_every_door_promises(model: Model) -> None:
    plain_answer = model(plain(250, 0, 0)).to_json()
    assert set(plain_answer) == {
        "label", "decision", "confidence", "probabilities", "set",
        "unknown_score", "looks_like", "message", "model", "id",
    }  # fmt: skip
    assert plain_answer["model"] == {"name": "colours", "version": "1", "fingerprint": model.fingerprint}
    assert plain_answer["set"] is None


def test_each_answer_has_its_own_id(model: Model) -> None:
    assert model(plain(0, 0, 0)).id != model(plain(0, 0, 0)).id


def test_seen_holds_sorted_prefixes(model: Model) -> None:
    assert model.seen.dtype == np.uint8
    assert [bytes(row).hex() for row in model.seen] == ["01" * 8, "ab" * 8]


def test_the_card_travels(model: Model) -> None:
    assert model.card == "# Card\n"


def test_it_verifies_where_it_was_made(bundle: Path) -> None:
    found = verify(bundle)
    assert found.passed
    assert found.worst_difference == 0.0


def test_a_pinned_fingerprint_is_honoured(bundle: Path, model: Model) -> None:
    assert verify(bundle, fingerprint=model.fingerprint.upper()).passed
    with pytest.raises(BundleError, match="forged"):
        verify(bundle, fingerprint="0" * 64)


class Drifting:
    """Runtime whose probabilities are off by a constant, as those of a faulty engine would be."""

    precision = "float32"

    def __init__(self, model: Model, by: float) -> None:
        self.model, self.by = model, by

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = self.model.run(inputs["pixels"])
        return outputs | {"probabilities": outputs["probabilities"] + np.float32(self.by)}


@pytest.mark.parametrize(("by", "passes"), [(5e-5, True), (5e-4, False), (float("nan"), False)])
def test_an_engine_that_answers_otherwise_fails_verification(
    bundle: Path, model: Model, by: float, passes: bool
) -> None:
    drifting = Model(archive.unpack(bundle), runtime=Drifting(model, by))
    assert drifting.verify().passed is passes


def test_an_answer_has_the_set_that_the_threshold_makes(tmp_path: Path) -> None:
    thresholds = Thresholds(unknown=0.6, accept=0.9, label_set=1e-9)
    answer = load(write_small(tmp_path / "m.discern", thresholds=thresholds))(plain(130, 0, 0))
    assert answer.set == LABELS
    narrow = load(write_small(tmp_path / "n.discern", thresholds=Thresholds(label_set=1.0)))(plain(250, 0, 0))
    assert narrow.to_json()["set"] == ["red"]


def test_ordered_labels_answer_with_a_value(tmp_path: Path) -> None:
    named = load(write_small(tmp_path / "m.discern", ordered=True))(plain(250, 0, 0))
    counted = load(write_small(tmp_path / "n.discern", ordered=True, labels=("2", "7")))(plain(250, 0, 0))
    assert (named.order_value, counted.to_json()["order_value"]) == (1, 7)


def test_only_an_accepted_answer_carries_its_route(tmp_path: Path) -> None:
    names = {"red": {"name": "a rose", "spoken": "rose", "route": "bay 2"}}
    thresholds = Thresholds(unknown=0.6, accept=0.9)
    model = load(write_small(tmp_path / "m.discern", thresholds=thresholds, names=names))
    sure, doubtful, strange = (model(plain(*colour)).to_json() for colour in ((250, 0, 0), (150, 0, 0), (250,) * 3))
    assert [each["decision"] for each in (sure, doubtful, strange)] == ["accept", "review", "unknown"]
    assert [each["route"] for each in (sure, doubtful, strange)] == ["bay 2", None, None]
    assert (sure["label"], sure["name"]) == ("red", "a rose")
    assert sure["message"] == 'This is "a rose" (98 %).'
    assert sure["spoken"] == "rose, 98 percent sure"
    assert strange["spoken"].startswith("none of the things I know")
    assert strange["looks_like"] in LABELS


def test_a_label_without_words_is_called_by_itself(tmp_path: Path) -> None:
    answer = load(write_small(tmp_path / "m.discern", names={"dark": {"name": "night"}}))(plain(250, 0, 0))
    assert (answer.name, answer.route) == ("red", None)


@pytest.mark.parametrize("names", [{"red": {"colour": "x"}}, {"red": "rose"}, ["red"], {"red": {"name": 3}}])
def test_names_of_another_kind_are_damage(tmp_path: Path, names: object) -> None:
    with pytest.raises(BundleDamaged):
        load(write_small(tmp_path / "m.discern", names=names))
