"""Pictures that were multiplied before the split, and very many classes of few pictures, with the default backbone."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from discern.flow.train import train

SIDE = 192


def scene(seed: int) -> Image.Image:
    """Coarse and fine noise under twelve shapes."""
    lot = np.random.default_rng(seed)
    total = np.zeros((SIDE, SIDE, 3))
    for cells in (3, 9, 30):
        noise = Image.fromarray(lot.integers(0, 255, (cells, cells, 3), dtype=np.uint8))
        total += np.asarray(noise.resize((SIDE, SIDE), Image.Resampling.BICUBIC), float) / 3
    picture = Image.fromarray(total.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y = lot.integers(0, SIDE - 30, 2).tolist()
        width, height = lot.integers(10, 60, 2).tolist()
        draw.ellipse((x, y, x + width, y + height), fill=tuple(lot.integers(0, 255, 3).tolist()))
    return picture


def changed(picture: Image.Image, lot: np.random.Generator) -> Image.Image:
    """Flip, turn, crop, relight and blur a picture, as tools do that multiply pictures."""
    if lot.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture = picture.rotate(lot.uniform(-12, 12), Image.Resampling.BICUBIC)
    side = int(SIDE * lot.uniform(0.82, 1))
    left, top = lot.integers(0, SIDE - side + 1, 2).tolist()
    picture = picture.crop((left, top, left + side, top + side)).resize((SIDE, SIDE))
    picture = ImageEnhance.Brightness(picture).enhance(lot.uniform(0.8, 1.2))
    return picture.filter(ImageFilter.GaussianBlur(lot.uniform(0, 1)))


@pytest.mark.slow
def test_labels_drawn_by_lot_are_not_learnt_from_changed_copies(tmp_path: Path) -> None:
    lot = np.random.default_rng(1)
    labels = lot.permutation(["bird", "drone"] * 16)
    for number, label in enumerate(labels):
        (tmp_path / "data" / label).mkdir(parents=True, exist_ok=True)
        original = scene(number)
        for each in (original, *(changed(original, lot) for _ in range(4))):
            each.save(tmp_path / "data" / label / f"{lot.bytes(8).hex()}.jpg", quality=90)
    trained = train(tmp_path / "data", runs=tmp_path / "runs", cache=tmp_path / "cache").to_json()
    leak_free, naive = trained["accuracy"]["leak_free"], trained["accuracy"]["naive"]
    assert leak_free["low"] < 0.5 < leak_free["high"]
    assert naive["value"] > leak_free["high"]


@pytest.mark.slow
def test_very_many_classes_of_few_pictures_are_trained(tmp_path: Path) -> None:
    for number in range(120):
        sign, lot = scene(1000 + number).resize((48, 48)), np.random.default_rng(number)
        (tmp_path / "data" / f"{number:04}").mkdir(parents=True)
        for copy in range(3):
            noisy = np.asarray(sign, float) + lot.normal(0, 12, (48, 48, 3))
            Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(
                tmp_path / "data" / f"{number:04}" / f"{copy}.png"
            )
    trained = train(tmp_path / "data", runs=tmp_path / "runs", cache=tmp_path / "cache").to_json()
    assert len(trained["classes"]) == 120
    assert trained["used"] == trained["found"] == 360
    assert Path(trained["bundle"]).is_file()
