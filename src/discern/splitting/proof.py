"""Whether a split holds, counted again from the catalog and measured with another eye than the one that grouped."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from discern.splitting.folds import Floats, Ints
from discern.splitting.split import PARTS, TEST, Split

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.grouping import Groups
    from discern.store import Rows

CLOSEST = 5
MEASURE = (
    "root mean square difference of the coarse colour layout (the lowest 6 + 3 + 3 coefficients of the cosine "
    "transform of 8 x 8 block means in YCbCr), in levels of 255"
)

_SHARED = ("groups_shared", "contents_shared", "pixels_shared", "pairs_across")
_BATCH = 64
_WAVES = 3
_YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def prove(catalog: "Catalog", groups: "Groups", split: Split) -> dict[str, Any]:
    """Count what the two sides of every round share, and measure how close they come.

    Args:
        catalog: N pictures with thumbnails.
        groups: their groups.
        split: of them.

    Returns:
        Ready for JSON: `holds` (nothing is shared anywhere), `measure`, `within_groups` (the median distance of grouped
        pictures from the first of their group: a yardstick; null without any), `rounds`, one for each fold or test part
        that is judged, and `parts`, one for each part of files against those before it. Each of these has the counts
        `judged`, `learned`, `left_out`, `groups_shared`, `contents_shared`, `pixels_shared`, `pairs_across`, `nearest`
        (`smallest` and `median` distance from a judged picture to what was learned from) and `closest`, the paths of
        the few nearest pairs for a person to look at, one for any two groups.
    """
    layout = colour_layout(catalog.thumbs)
    used = np.flatnonzero(split.learned | split.test)
    rounds, parts = [], []
    for fold in split.rounds:
        name = "test" if fold == TEST else f"fold {fold}"
        judged, learned = split.judged_rows(fold), split.training_rows(fold)
        found = {"name": name, "left_out": len(split.left_out.get(fold, ()))}
        rounds.append(found | _compared(catalog, groups, layout, judged, learned))
    for number in (1, 2):
        judged, learned = (np.flatnonzero(np.isin(split.part, names)) for names in (PARTS[number], PARTS[:number]))
        parts.append({"name": PARTS[number], "left_out": 0} | _compared(catalog, groups, layout, judged, learned))
    return {
        "holds": not any(found[key] for found in rounds + parts for key in _SHARED),
        "measure": MEASURE,
        "within_groups": _within(layout, groups.group, used),
        "rounds": rounds,
        "parts": parts,
    }


def colour_layout(thumbs: "Rows | NDArray[np.uint8]") -> NDArray[np.float32]:
    """A picture's coarse arrangement of colours, after MPEG-7's Colour Layout Descriptor.

    Kasutani and Yamada, "The MPEG-7 color layout descriptor" (ICIP 2001), without its quantisation: Euclidean distances
    are root mean square differences of smoothed pictures.

    Args:
        thumbs: uint8 [N, 64, 64, 3].

    Returns:
        float32 [N, 12], in levels of 255.
    """
    frequency, place = np.indices((_WAVES, 8))
    wave = np.cos(np.pi * (place + 0.5) * frequency / 8) * np.where(frequency == 0, 1, np.sqrt(2)) / 8
    of_pixels = np.repeat(wave / 8, 8, axis=1).astype(np.float32)
    kept = np.add(*np.indices((_WAVES, _WAVES)))[..., None] < np.array([3, 2, 2])
    layout = np.empty((len(thumbs), np.count_nonzero(kept)), np.float32)
    for start in range(0, len(thumbs), _BATCH):
        pixels = np.asarray(thumbs[start : start + _BATCH]).astype(np.float32)
        down = np.matmul(of_pixels, pixels.reshape(-1, 64, 192)).reshape(-1, _WAVES, 64, 3)
        waves = np.einsum("vj,nujc,kc->nuvk", of_pixels, down, _YCBCR, optimize=True)
        layout[start : start + _BATCH] = waves[:, kept]
    return layout


def _compared(
    catalog: "Catalog", groups: "Groups", layout: NDArray[np.float32], judged: Ints, learned: Ints
) -> dict[str, Any]:
    distance, nearest = _nearest(layout, judged, learned)
    return {
        "judged": len(judged),
        "learned": len(learned),
        "groups_shared": len(np.intersect1d(groups.group[judged], groups.group[learned])),
        "contents_shared": _shared(catalog, "content", judged, learned),
        "pixels_shared": _shared(catalog, "pixels", judged, learned),
        "pairs_across": _pairs_across(groups, judged, learned),
        "nearest": {"smallest": _figure(distance, 0.0), "median": _figure(distance, 0.5)},
        "closest": [
            {
                "judged": catalog.table["path"][int(judged[place])],
                "learned": catalog.table["path"][int(nearest[place])],
                "distance": round(float(distance[place]), 3),
            }
            for place in _closest(distance, groups.group[judged], groups.group[nearest])
        ],
    }


def _closest(distance: Floats, *groups: Ints) -> list[int]:
    """Places of the smallest distances, one for any two groups."""
    if not len(distance):
        return []
    order = np.argsort(distance, kind="stable")
    _, first = np.unique(np.stack(groups)[:, order], axis=1, return_index=True)
    return [int(place) for place in order[np.sort(first)[:CLOSEST]]]


def _nearest(layout: NDArray[np.float32], judged: Ints, learned: Ints) -> tuple[Floats, Ints]:
    """For each judged row, the distance of the nearest learned row, and that row."""
    if not len(judged) or not len(learned):
        return np.empty(0), np.empty(0, np.int64)
    from scipy.spatial import KDTree  # noqa: PLC0415  heavy, and only proofs need it

    distance, place = KDTree(layout[learned], leafsize=32).query(layout[judged], workers=-1)
    return distance, learned[place]


def _shared(catalog: "Catalog", column: str, judged: Ints, learned: Ints) -> int:
    values = catalog.table[column]
    return len(set(values[judged].drop_nulls()) & set(values[learned].drop_nulls()))


def _pairs_across(groups: "Groups", judged: Ints, learned: Ints) -> int:
    first, second = groups.straddling["first"].to_numpy(), groups.straddling["second"].to_numpy()
    there = np.isin(first, judged) & np.isin(second, learned)
    back = np.isin(first, learned) & np.isin(second, judged)
    return int(np.count_nonzero(there | back))


def _within(layout: NDArray[np.float32], group: Ints, rows: Ints) -> float | None:
    _, first, inverse = np.unique(group[rows], return_index=True, return_inverse=True)
    apart = rows != rows[first][inverse]
    return _figure(np.linalg.norm(layout[rows] - layout[rows[first][inverse]], axis=1)[apart], 0.5)


def _figure(distances: Floats, quantile: float) -> float | None:
    return round(float(np.quantile(distances, quantile)), 3) if len(distances) else None
