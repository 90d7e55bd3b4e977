"""A model predicts paths, bytes, pixels and Pillow images alike, and verifies itself with golden vectors."""

import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

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


def test_a_confident_prediction_is_accepted(model: Model) -> None:
    prediction = model(plain(250, 0, 0))
    assert (prediction.label, prediction.decision) == ("red", "accept")
    assert prediction.confidence == prediction.probabilities["red"] > 0.8


def test_an_unsure_prediction_is_for_review(model: Model) -> None:
    prediction = model(plain(128, 0, 0))
    assert prediction.decision == "review"
    assert "please have a look" in prediction.message


def test_unknown_has_precedence_over_a_high_confidence(model: Model) -> None:
    prediction = model(plain(255, 255, 255))
    assert prediction.decision == "unknown"
    assert prediction.looks_like == prediction.label == "red"
    assert "not one of the things I know" in prediction.message


def test_without_a_policy_nothing_is_accepted(tmp_path: Path) -> None:
    model = load(write_small(tmp_path / "m.discern", thresholds=Thresholds(unknown=0.6)))
    assert model(plain(250, 0, 0)).decision == "review"


def test_paths_bytes_and_pixels_give_the_same_prediction(model: Model, tmp_path: Path) -> None:
    pixels = plain(200, 30, 20)
    path = tmp_path / "red.png"
    path.write_bytes(png(pixels))
    predictions = [model(source) for source in (path, str(path), png(pixels), pixels)]
    assert len({prediction.confidence for prediction in predictions}) == 1


class TestPillowImages:
    """They are predicted as the file that they come from."""

    @pytest.fixture
    def original(self) -> Image.Image:
        """Red above white, and not square, so that any other rotation or crop changes the prediction."""
        pixels = np.full((60, 40, 3), 255, np.uint8)
        pixels[:17] = (200, 10, 10)
        return Image.fromarray(pixels)

    @pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
    @pytest.mark.parametrize("turn", [1, 3, 6])
    def test_an_image_is_preprocessed_as_its_file(
        self, model: Model, original: Image.Image, tmp_path: Path, form: str, turn: int
    ) -> None:
        exif = Image.Exif()
        exif[0x0112] = turn
        original.save(tmp_path / "a", form, **({} if form in ("BMP", "GIF") else {"exif": exif}))
        with Image.open(tmp_path / "a") as image:
            assert np.array_equal(model.prepare(image), model.prepare(tmp_path / "a"))

    @pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK", "I;16"])
    def test_every_mode_is_converted_to_rgb(
        self, model: Model, original: Image.Image, tmp_path: Path, mode: str
    ) -> None:
        image = (
            original.convert("L").convert("I").point(lambda grey: grey * 257).convert(mode) if ";" in mode else original
        )
        image = image.convert(mode)
        if "A" in mode:
            image.putalpha(Image.linear_gradient("L").resize(image.size))
        image.save(tmp_path / "a", "TIFF" if mode == "CMYK" else "PNG")
        assert np.array_equal(model.prepare(image), model.prepare(tmp_path / "a"))

    def test_a_colour_profile_is_applied(self, model: Model, original: Image.Image, tmp_path: Path) -> None:
        original.save(tmp_path / "a", "PNG", icc_profile=swapped_profile())
        with Image.open(tmp_path / "a") as image:
            assert np.array_equal(model.prepare(image), model.prepare(tmp_path / "a"))
            assert not np.array_equal(model.prepare(image), model.prepare(original))

    def test_an_image_that_cannot_be_decoded_gives_its_error_in_its_place(
        self, model: Model, original: Image.Image
    ) -> None:
        cut = Image.open(io.BytesIO(png(np.asarray(original))[:90]))
        predictions = list(model.predict([original, cut]))
        assert [type(prediction) for prediction in predictions] == [Prediction, DamagedPicture]

    def test_the_image_is_not_changed(self, model: Model, original: Image.Image) -> None:
        before = original.tobytes()
        model(original)
        assert (original.tobytes(), original.mode, original.size) == (before, "RGB", (40, 60))


@pytest.mark.parametrize("value", [None, 5, ["a.png"]])
def test_another_type_is_rejected_by_name(model: Model, value: object) -> None:
    with pytest.raises(UsageError, match=f"not {type(value).__name__}"):
        model(value)  # type: ignore[arg-type]


def test_probabilities_are_named_and_sum_to_one(model: Model) -> None:
    prediction = model(plain(90, 90, 0))
    assert tuple(prediction.probabilities) == LABELS
    assert sum(prediction.probabilities.values()) == pytest.approx(1.0, abs=1e-6)


def test_predictions_and_errors_keep_the_order_of_the_pictures(model: Model, tmp_path: Path) -> None:
    sources = [png(plain(250, 0, 0)), b"", tmp_path / "none.png", png(plain(0, 0, 0))] * 12
    predictions = list(model.predict(sources))
    assert [type(prediction) for prediction in predictions[:4]] == [Prediction, EmptyFile, UnreadableFile, Prediction]
    assert len(predictions) == 48
    assert [a.label for a in predictions if isinstance(a, Prediction)] == ["red", "dark"] * 12


def test_one_picture_is_a_list_of_one(model: Model, tmp_path: Path) -> None:
    pixels = plain(250, 0, 0)
    path = tmp_path / "red.png"
    path.write_bytes(png(pixels))
    for picture in (path, str(path), png(pixels), pixels, io.BytesIO(png(pixels)), Image.fromarray(pixels)):
        assert [each.label for each in model.predict(picture) if isinstance(each, Prediction)] == ["red"]


def test_what_is_no_picture_is_named_by_its_number_after_the_predictions_before_it(model: Model) -> None:
    found = model.predict([plain(250, 0, 0)] * 40 + [float("nan"), plain(0, 0, 0)])  # type: ignore[list-item]
    for _ in range(40):
        assert isinstance(next(found), Prediction)
    with pytest.raises(UsageError, match=r"Picture number 41: A picture must be .* not float"):
        next(found)


def test_a_dictionary_is_refused_at_once(model: Model) -> None:
    with pytest.raises(UsageError, match="not a dict"):
        model.predict({"a.png": b"x"})


@pytest.mark.parametrize("value", [None, b"content of a bundle", io.BytesIO(b"x")])
def test_a_bundle_must_be_a_path(value: object) -> None:
    with pytest.raises(UsageError, match=f"path of a file, not {type(value).__name__}"):
        load(value)  # type: ignore[arg-type]


def test_the_content_of_a_file_is_not_the_path_of_a_bundle() -> None:
    with pytest.raises(BundleError, match=r"is not a path: File name too long \(50,000 characters\)"):
        load("word " * 10_000)


def test_one_bad_picture_raises_its_own_error(model: Model) -> None:
    with pytest.raises(PictureError):
        model(b"no picture")


def test_evidence_is_where_the_colour_is(model: Model) -> None:
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels[:, : SIZE // 2, 0] = 255
    evidence = model.run(pixels[None])["evidence"][0]
    assert evidence.shape == (SIZE, SIZE, 2)
    assert evidence[:, : SIZE // 2, 1].mean() > evidence[:, SIZE // 2 :, 1].mean()


def test_the_json_object_has_the_documented_keys(model: Model) -> None:
    plain_json = model(plain(250, 0, 0)).to_json()
    assert set(plain_json) == {
        "label", "decision", "confidence", "probabilities", "set",
        "unknown_score", "looks_like", "message", "model", "id",
    }  # fmt: skip
    assert plain_json["model"] == {"name": "colours", "version": "1", "fingerprint": model.fingerprint}
    assert plain_json["set"] is None


def test_each_prediction_has_its_own_id(model: Model) -> None:
    assert model(plain(0, 0, 0)).id != model(plain(0, 0, 0)).id


def test_hashes_of_training_pictures_are_sorted_prefixes(model: Model) -> None:
    assert model.seen.dtype == np.uint8
    assert [bytes(row).hex() for row in model.seen] == ["01" * 8, "ab" * 8]


def test_the_card_is_part_of_the_bundle(model: Model) -> None:
    assert model.card == "# Card\n"


def test_a_new_bundle_verifies(bundle: Path) -> None:
    found = verify(bundle)
    assert found.passed
    assert found.worst_difference == 0.0


def test_a_required_fingerprint_is_checked(bundle: Path, model: Model) -> None:
    assert verify(bundle, fingerprint=model.fingerprint.upper()).passed
    with pytest.raises(BundleError, match="forgery"):
        verify(bundle, fingerprint="0" * 64)


class Drifting:
    """Runtime whose probabilities are off by a constant, as those of a faulty engine would be."""

    precision = "float32"
    input_shapes: Mapping[str, tuple[int | None, ...]] = MappingProxyType({"pixels": (None, SIZE, SIZE, 3)})

    def __init__(self, model: Model, by: float) -> None:
        self.model, self.by = model, by

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = self.model.run(inputs["pixels"])
        return outputs | {"probabilities": outputs["probabilities"] + np.float32(self.by)}


@pytest.mark.parametrize(("by", "passes"), [(5e-5, True), (5e-4, False), (float("nan"), False)])
def test_an_engine_with_other_outputs_fails_verification(bundle: Path, model: Model, by: float, passes: bool) -> None:
    drifting = Model(archive.unpack(bundle), runtime=Drifting(model, by))
    assert drifting.verify().passed is passes


def test_the_prediction_set_follows_the_threshold(tmp_path: Path) -> None:
    thresholds = Thresholds(unknown=0.6, accept=0.9, label_set=1e-9)
    prediction = load(write_small(tmp_path / "m.discern", thresholds=thresholds))(plain(130, 0, 0))
    assert prediction.set == LABELS
    narrow = load(write_small(tmp_path / "n.discern", thresholds=Thresholds(label_set=1.0)))(plain(250, 0, 0))
    assert narrow.to_json()["set"] == ["red"]


def test_ordered_labels_give_an_order_value(tmp_path: Path) -> None:
    named = load(write_small(tmp_path / "m.discern", ordered=True))(plain(250, 0, 0))
    counted = load(write_small(tmp_path / "n.discern", ordered=True, labels=("2", "7")))(plain(250, 0, 0))
    assert (named.order_value, counted.to_json()["order_value"]) == (1, 7)


def test_only_an_accepted_prediction_has_a_route(tmp_path: Path) -> None:
    names = {"red": {"name": "a rose", "spoken": "rose", "route": "bay 2"}}
    thresholds = Thresholds(unknown=0.6, accept=0.9)
    model = load(write_small(tmp_path / "m.discern", thresholds=thresholds, names=names))
    accepted, review, unknown = (model(plain(*colour)).to_json() for colour in ((250, 0, 0), (150, 0, 0), (250,) * 3))
    assert [each["decision"] for each in (accepted, review, unknown)] == ["accept", "review", "unknown"]
    assert [each["route"] for each in (accepted, review, unknown)] == ["bay 2", None, None]
    assert (accepted["label"], accepted["name"]) == ("red", "a rose")
    assert accepted["message"] == 'This is "a rose" (98 %).'
    assert accepted["spoken"] == "rose, 98 percent sure"
    assert unknown["spoken"].startswith("none of the things I know")
    assert unknown["looks_like"] in LABELS


def test_a_label_without_a_display_name_is_shown_as_it_is(tmp_path: Path) -> None:
    prediction = load(write_small(tmp_path / "m.discern", names={"dark": {"name": "night"}}))(plain(250, 0, 0))
    assert (prediction.name, prediction.route) == ("red", None)


@pytest.mark.parametrize("names", [{"red": {"colour": "x"}}, {"red": "rose"}, ["red"], {"red": {"name": 3}}])
def test_malformed_display_names_are_rejected(tmp_path: Path, names: object) -> None:
    with pytest.raises(BundleDamaged):
        load(write_small(tmp_path / "m.discern", names=names))
