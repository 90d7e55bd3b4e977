"""Functions that order images by their times: those of their capture, and those in their names."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.films.numbered_names import folders_of, take_apart
from discern.grouping.films.series import Series

if TYPE_CHECKING:
    from discern.catalog import Catalog

_FEWEST = 3
_CAPTURED = "@ of capture"


def capture_series(catalog: "Catalog", rows: np.ndarray) -> list[Series]:
    """Order the pictures of each camera in each folder by their times of capture.

    Pictures of one time are in the order of their names. Folders that name a part do not separate series.

    Args:
        catalog: pictures with times of capture.
        rows: rows of the pictures to consider, int [n].
    """
    table = catalog.table.select("path", "camera", "taken")[rows]
    keys = [(folders_of(path), camera or "") for path, camera in table.select("path", "camera").iter_rows()]
    return _by_time(keys, table["taken"].to_list(), rows, fewest=_FEWEST)


def find_timelines(catalog: "Catalog", rows: np.ndarray) -> list[Series]:
    """Order the pictures of each camera, and those of each prefix with a time in their names, by time.

    Folders do not separate them: a time means the same in each, and one burst may have been sorted into several.

    Args:
        catalog: pictures with names and times of capture.
        rows: rows of the pictures to consider, int [n].
    """
    table = catalog.table.select("path", "camera", "taken")[rows]
    names = take_apart(table["path"].to_list())
    stamps = [(name.pattern, name.time) if name else ("", None) for name in names]
    named = _by_time([prefix for prefix, _ in stamps], [time for _, time in stamps], rows, fewest=2)
    return [*_by_time(table["camera"].to_list(), table["taken"].to_list(), rows, fewest=2), *named]


def _by_time(keys: Iterable[Hashable], times: Iterable[int | None], rows: np.ndarray, *, fewest: int) -> list[Series]:
    timed: dict[Hashable, list[tuple[int, int]]] = defaultdict(list)
    for key, time, row in zip(keys, times, rows.tolist(), strict=True):
        if time is not None:
            timed[key].append((time, row))
    return [
        Series(pattern=_CAPTURED, rows=ordered[:, 1], numbers=ordered[:, 0], timed=True)
        for members in timed.values()
        if len(members) >= fewest
        for ordered in [np.array(sorted(members), np.int64)]
    ]
