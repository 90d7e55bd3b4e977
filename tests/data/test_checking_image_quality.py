"""Image quality checks on real pictures: few findings on clean ones, and planted problems are found."""

import io
from pathlib import Path

import polars as pl
import pytest
from PIL import Image, ImageFilter

from discern.catalog import Catalog, scan
from discern.checking import Finding, find_issues
from discern.grouping import form_groups

pytestmark = pytest.mark.real
QUALITY_CHECKS = {"too_small", "extreme_aspect", "blank", "dark", "bright", "blurred"}


def find(folder: Path, cache: Path) -> tuple[Catalog, list[Finding]]:
    """Catalog and findings, without a search for copies."""
    catalog = scan(folder, cache=cache)
    nothing = pl.DataFrame(schema={"first": pl.Int32, "second": pl.Int32, "kind": pl.String, "score": pl.Float64})
    return catalog, find_issues(catalog, nothing, form_groups(catalog, nothing))


def degrade(image: Image.Image, fault: str) -> Image.Image:
    """Blur, blank, darken or wash out a picture."""
    if fault == "blurred":
        return image.filter(ImageFilter.GaussianBlur(0.015 * min(image.size)))
    if fault == "blank":
        return Image.new("RGB", image.size, (90, 110, 130))
    return image.point(lambda value: int(value * 0.2) if fault == "dark" else 200 + int(value * 0.2))


def test_clean_pictures_have_few_findings_and_no_shortcut(real_data, tmp_path):
    catalog, findings = find(real_data / "hymenoptera", tmp_path)
    found = [finding for finding in findings if finding.check in QUALITY_CHECKS]
    assert len(found) <= 0.03 * len(catalog)
    assert "shortcut" not in {finding.check for finding in findings}


@pytest.mark.parametrize("fault", ["blurred", "blank", "dark", "bright"])
def test_planted_problems_are_found(real_data, tmp_path, fault):
    files = sorted((real_data / "hymenoptera" / "val").rglob("*.jpg"))
    planted = set()
    for number, file in enumerate(files):
        path = tmp_path / "pictures" / file.parent.name / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.read_bytes())
        if number % 20 == 7:
            buffer = io.BytesIO()
            degrade(Image.open(file).convert("RGB"), fault).save(buffer, "JPEG", quality=90)
            path.write_bytes(buffer.getvalue())
            planted.add(path.relative_to(tmp_path / "pictures").as_posix())
    catalog, findings = find(tmp_path / "pictures", tmp_path / "cache")
    found = {catalog.table["path"][finding.rows[0]] for finding in findings if finding.check == fault}
    assert planted <= found
    assert len(found - planted) <= 3
