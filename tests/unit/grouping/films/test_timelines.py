from dataclasses import replace

import numpy as np
import polars as pl
from tests.unit.grouping.synthetic_images import bare_catalog

from discern.grouping.films.timelines import capture_series, find_timelines


def timed_catalog(rows):
    """Catalog of paths with their cameras and times of capture."""
    catalog = bare_catalog(list(rows))
    cameras, times = zip(*rows.values(), strict=True)
    columns = pl.Series("camera", cameras, pl.String), pl.Series("taken", times, pl.Int64)
    return replace(catalog, table=catalog.table.with_columns(*columns))


def orders(find, rows):
    paths = list(rows)
    return [[paths[row] for row in series.rows] for series in find(timed_catalog(rows), np.arange(len(paths)))]


def test_pictures_of_one_camera_and_folder_are_ordered_by_their_times_of_capture():
    rows = {"train/a/x.jpg": ("A", 30), "test/a/y.jpg": ("A", 10), "train/a/z.jpg": ("A", 20)}
    rows |= {"train/a/other.jpg": ("B", 15), "train/b/v.jpg": ("A", 12), "train/a/none.jpg": ("A", None)}
    assert orders(capture_series, rows) == [["test/a/y.jpg", "train/a/z.jpg", "train/a/x.jpg"]]


def test_a_timeline_crosses_folders():
    rows = {"a/x.jpg": ("A", 30), "b/y.jpg": ("A", 10), "a/z.jpg": (None, 20), "b/w.jpg": (None, 20)}
    assert orders(find_timelines, rows) == [["b/y.jpg", "a/x.jpg"], ["a/z.jpg", "b/w.jpg"]]


def test_times_in_names_form_a_timeline_for_each_prefix():
    names = ["b/IMG_20240131_101502.jpg", "a/IMG_20240131_101501_COVER.jpg", "a/VID_20240131_101502.jpg", "a/1.jpg"]
    assert orders(find_timelines, dict.fromkeys(names, (None, None))) == [[names[1], names[0]], [names[2]]][:1]
