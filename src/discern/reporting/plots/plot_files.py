"""Functions that write the figures on the pictures of a data set as SVG, PNG and JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from discern.atomic import atomic_write
from discern.errors import UnreadableFile
from discern.reporting.charts.svg import Frame, joined, tag
from discern.reporting.formatting import plural
from discern.reporting.plots.class_counts import count_classes
from discern.reporting.plots.class_figures import draw_class_counts, draw_class_ranges
from discern.reporting.plots.distribution import Distribution, measure_distributions
from discern.reporting.plots.histogram import histogram_marks
from discern.reporting.plots.slide import draw_slide, render_png

if TYPE_CHECKING:
    from discern.catalog import Catalog

_FRAME = Frame(left=62.0, top=50.0, width=390.0, height=168.0)


def write_plots(folder: Path, catalog: "Catalog", *, name: str) -> None:
    """Write each figure to `NAME.svg`, `NAME.png` (1,920 by 1,080 pixels) and `NAME.json` (its numbers).

    The figures are `pictures_per_class`, and `file_sizes`, `aspect_ratios` and `resolutions`, each of these also with
    `_by_class`.

    Args:
        folder: folder of the figures; those of an earlier call are replaced.
        catalog: the pictures.
        name: name of the data set.

    Raises:
        UnreadableFile: a file cannot be written.
    """
    try:
        folder.mkdir(exist_ok=True)
        for figure, svg, numbers in _figures(catalog, name):
            _write(folder / f"{figure}.svg", svg.encode())
            _write(folder / f"{figure}.png", render_png(svg))
            _write(folder / f"{figure}.json", (json.dumps(numbers, indent=1, allow_nan=False) + "\n").encode("ascii"))
    except OSError as error:
        raise UnreadableFile(
            f"The figures cannot be written to {folder}: {error.strerror or error}.",
            hint="Free disk space, or choose another folder with --runs.",
        ) from error


def _figures(catalog: "Catalog", name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the file name, the SVG and the numbers of each figure."""
    counts = count_classes(catalog)
    if counts.classes:
        in_order = bool(catalog.order)
        yield "pictures_per_class", draw_class_counts(counts, in_order=in_order, name=name), counts.to_json()
    for each in measure_distributions(catalog):
        yield each.measure.name, _draw_histogram(each, name), each.histogram_json()
        if each.by_class:
            yield f"{each.measure.name}_by_class", draw_class_ranges(each, name=name), each.classes_json()


def _draw_histogram(distribution: Distribution, name: str) -> str:
    under = f"{plural(distribution.overall.pictures, 'picture')} of {name}: {distribution.summary}"
    marks = tag("g", joined(histogram_marks(distribution, _FRAME)), transform="translate(8 0)")
    return draw_slide(distribution.measure.title, under, [marks])


def _write(path: Path, data: bytes) -> None:
    with atomic_write(path) as unfinished:
        unfinished.write_bytes(data)
