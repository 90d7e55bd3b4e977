"""Complete pictures in odd files are read in training and prediction alike, and what is left out is named."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageDraw

import discern
from tests.integration.workspace import Workspace

WHITE = 4095


def drawing(kind: str, seed: int) -> Image.Image:
    """Draw discs or bars on a dark background."""
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 90, (15, 20, 3), dtype=np.uint8)).resize((160, 120))
    draw, colour = ImageDraw.Draw(image), tuple(int(value) for value in rng.integers(120, 255, 3))
    for _ in range(3):
        x, y, side = (int(value) for value in rng.integers((0, 0, 20), (110, 75, 42)))
        if kind == "disc":
            draw.ellipse((x, y, x + side, y + side), fill=colour)
        else:
            draw.rectangle((x, y, x + 2 * side, y + 8), fill=colour)
    return image


def jpeg(kind: str, seed: int) -> bytes:
    file = io.BytesIO()
    drawing(kind, seed).save(file, "JPEG", quality=85)
    return file.getvalue()


def twelve_bits(kind: str, seed: int, form: str) -> bytes:
    values = np.asarray(drawing(kind, seed).convert("L")).astype(np.uint16) * 16
    file = io.BytesIO()
    Image.fromarray(values).save(file, form)
    return file.getvalue()


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture
def cut_folder(tmp_path: Path) -> Path:
    for place, kind in enumerate(("disc", "bar")):
        for number in range(12):
            write(tmp_path / "cut", f"{kind}/{number}.jpg", jpeg(kind, 1000 * place + number)[:-2])
    return tmp_path / "cut"


def test_pictures_without_their_end_markers_are_used_and_found(workspace: Workspace, cut_folder: Path) -> None:
    write(cut_folder, "disc/half.jpg", jpeg("disc", 77)[:2000])
    result = workspace.check(cut_folder)
    assert (result.pictures, result.unreadable) == (24, 1)
    assert (result.findings["incomplete"], result.findings["unreadable"]) == (24, 1)
    fixes = pl.read_csv(result.fixes)
    why = fixes.filter(pl.col("path") == "disc/half.jpg")["why"][0]
    assert "This JPEG ends after" in why
    assert "of 120 rows" in why


def test_training_and_prediction_read_the_same(workspace: Workspace, cut_folder: Path, tmp_path: Path) -> None:
    result = workspace.train(cut_folder)
    assert result.pictures["train"] + result.pictures["test"] + result.pictures.get("validation", 0) > 0
    model = discern.load(result.bundle)
    whole, cut = (
        write(tmp_path, name, data) for name, data in (("w.jpg", jpeg("disc", 77)), ("c.jpg", jpeg("disc", 77)[:-2]))
    )
    assert np.array_equal(model.prepare(whole), model.prepare(cut))
    assert "white" not in model.manifest.recipe.to_json()


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_twelve_bits_in_sixteen_are_scaled_by_the_catalog(workspace: Workspace, tmp_path: Path, form: str) -> None:
    folder, ordinary = tmp_path / form, tmp_path / "ordinary"
    for place, kind in enumerate(("disc", "bar")):
        for number in range(12):
            write(folder, f"{kind}/{number}.{form.lower()}", twelve_bits(kind, 1000 * place + number, form))
            file = io.BytesIO()
            drawing(kind, 1000 * place + number).convert("L").save(file, "PNG")
            write(ordinary, f"{kind}/{number}.png", file.getvalue())
    checked = workspace.check(folder, name=f"check-{form}")
    expected = workspace.check(ordinary, name="ordinary").findings
    same = ("dark", "bright", "blank", "exact_copy", "near_copy", "narrow_range", "incomplete")
    assert {name: checked.findings[name] for name in same} == {name: expected[name] for name in same}
    model = discern.load(workspace.train(folder, name=f"train-{form}").bundle)
    assert model.manifest.recipe.white == WHITE
    seen = model.prepare(twelve_bits("disc", 77, form))
    assert np.abs(seen.astype(int) - model.prepare(drawing("disc", 77).convert("L"))).max() <= 2
