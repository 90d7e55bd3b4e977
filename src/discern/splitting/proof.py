"""Functions that check a split for leaks independently of its construction.

It counts shared pictures, and finds the nearest pairs by a descriptor that grouping does not use.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from discern.splitting.group_counts import Floats, Ints
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
    """Count leaks between the training and evaluation images of a split.

    Args:
        catalog: N pictures with thumbnails.
        groups: groups of the pictures.
        split: split of the pictures.

    Returns:
        JSON-serialisable: `holds` (nothing is shared), `measure`, `within_groups` (median distance of grouped pictures
        from the first of their group, for comparison; null without groups), `rounds` (one per evaluated fold or test
        part) and `parts` (each file part against those before it). Rounds and parts have the counts `judged` (evaluated
        pictures), `learned` (training pictures), `left_out`, `groups_shared`, `contents_shared`, `pixels_shared` and
        `pairs_across`; `nearest` (`smallest` and `median` distance from an evaluated to its nearest training picture);
        and `closest`, the paths of the nearest pairs for visual inspection, one per pair of groups.
    """
    layout = colour_layout(catalog.thumbs)
    used = np.flatnonzero(split.train | split.test)
    rounds, parts = [], []
    for fold in split.rounds:
        name = "test" if fold == TEST else f"fold {fold}"
        test, train = split.held_out_rows(fold), split.training_rows(fold)
        result = {"name": name, "left_out": len(split.left_out.get(fold, ()))}
        rounds.append(result | _compare(catalog, groups, layout, test, train))
    for number in (1, 2):
        test, train = (np.flatnonzero(np.isin(split.part, names)) for names in (PARTS[number], PARTS[:number]))
        parts.append({"name": PARTS[number], "left_out": 0} | _compare(catalog, groups, layout, test, train))
    return {
        "holds": not any(result[key] for result in rounds + parts for key in _SHARED),
        "measure": MEASURE,
        "within_groups": _distance_within_groups(layout, groups.group, used),
        "rounds": rounds,
        "parts": parts,
    }


def colour_layout(thumbs: "Rows | NDArray[np.uint8]") -> NDArray[np.float32]:
    """Compute MPEG-7 colour layout descriptors of images, without quantisation.

    Euclidean distances are root mean square differences of smoothed pictures. Kasutani and Yamada, "The MPEG-7 color
    layout descriptor" (ICIP 2001).

    Args:
        thumbs: uint8 [N, 64, 64, 3].

    Returns:
        float32 [N, 12], in levels of 255.
    """
    frequency, block = np.indices((_WAVES, 8))
    wave = np.cos(np.pi * (block + 0.5) * frequency / 8) * np.where(frequency == 0, 1, np.sqrt(2)) / 8
    of_pixels = np.repeat(wave / 8, 8, axis=1).astype(np.float32)
    low = np.add(*np.indices((_WAVES, _WAVES)))[..., None] < np.array([3, 2, 2])
    layout = np.empty((len(thumbs), np.count_nonzero(low)), np.float32)
    for start in range(0, len(thumbs), _BATCH):
        pixels = np.asarray(thumbs[start : start + _BATCH]).astype(np.float32)
        down = np.matmul(of_pixels, pixels.reshape(-1, 64, 192)).reshape(-1, _WAVES, 64, 3)
        waves = np.einsum("vj,nujc,kc->nuvk", of_pixels, down, _YCBCR, optimize=True)
        layout[start : start + _BATCH] = waves[:, low]
    return layout


def _compare(
    catalog: "Catalog", groups: "Groups", layout: NDArray[np.float32], test: Ints, train: Ints
) -> dict[str, Any]:
    distance, nearest = _nearest(layout, test, train)
    return {
        "judged": len(test),
        "learned": len(train),
        "groups_shared": len(np.intersect1d(groups.group[test], groups.group[train])),
        "contents_shared": _count_shared(catalog, "content", test, train),
        "pixels_shared": _count_shared(catalog, "pixels", test, train),
        "pairs_across": _pairs_across(groups, test, train),
        "nearest": {"smallest": _quantile(distance, 0.0), "median": _quantile(distance, 0.5)},
        "closest": [
            {
                "judged": catalog.table["path"][int(test[at])],
                "learned": catalog.table["path"][int(nearest[at])],
                "distance": round(float(distance[at]), 3),
            }
            for at in _closest(distance, groups.group[test], groups.group[nearest])
        ],
    }


def _closest(distance: Floats, *groups: Ints) -> list[int]:
    if not len(distance):
        return []
    order = np.argsort(distance, kind="stable")
    _, first = np.unique(np.stack(groups)[:, order], axis=1, return_index=True)
    return [int(at) for at in order[np.sort(first)[:CLOSEST]]]


def _nearest(layout: NDArray[np.float32], test: Ints, train: Ints) -> tuple[Floats, Ints]:
    """Return the distance and row of each test image's nearest training image."""
    if not len(test) or not len(train):
        return np.empty(0), np.empty(0, np.int64)
    from scipy.spatial import KDTree  # noqa: PLC0415  slow to import, and only used here

    distance, at = KDTree(layout[train], leafsize=32).query(layout[test], workers=-1)
    return distance, train[at]


def _count_shared(catalog: "Catalog", column: str, test: Ints, train: Ints) -> int:
    values = catalog.table[column]
    return len(set(values[test].drop_nulls()) & set(values[train].drop_nulls()))


def _pairs_across(groups: "Groups", test: Ints, train: Ints) -> int:
    first, second = groups.cross_pairs["first"].to_numpy(), groups.cross_pairs["second"].to_numpy()
    forward = np.isin(first, test) & np.isin(second, train)
    backward = np.isin(first, train) & np.isin(second, test)
    return int(np.count_nonzero(forward | backward))


def _distance_within_groups(layout: NDArray[np.float32], group: Ints, rows: Ints) -> float | None:
    _, first, inverse = np.unique(group[rows], return_index=True, return_inverse=True)
    not_first = rows != rows[first][inverse]
    return _quantile(np.linalg.norm(layout[rows] - layout[rows[first][inverse]], axis=1)[not_first], 0.5)


def _quantile(distances: Floats, quantile: float) -> float | None:
    return round(float(np.quantile(distances, quantile)), 3) if len(distances) else None
