"""Functions that read the source of a tile from its name, such as `plate07` from `plate07_r1_c2.jpg`.

Names alone prove nothing. They are believed where the pictures that overlap have one name for their source.
"""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

# A place is one or two numbers at the end of a name, each after a separator and up to six letters: `_r1_c2`,
# `-x0-y512`, ` (3,4)`, `_0_1024`, `_tile12`.
_NUMBER = r"[\W_]+[^\W\d_]{0,6}[\W_]*\d{1,7}"
_LETTERED = r"[\W_]*[^\W\d_]{1,6}[\W_]*\d{1,7}"
_PLACES = tuple(
    re.compile(rf"^(?P<source>.*[^\W_])(?P<place>{place}[\W_]*)$")
    for place in (rf"{_NUMBER}(?:{_NUMBER}|{_LETTERED})", _NUMBER)
)
_SUFFIX = re.compile(r"\.[^\W\d_][^\W_]{0,4}$")
_PURE = 0.95  # share of the tiles of one source that have one name, and the other way round; not tuned
_SEEN = 0.5  # share of the tiles of a name that must be linked by their contents; not tuned
_FEWEST_TILES = 4
_FILLED = 0.8  # share of the places of a grid that have a picture; not tuned


@dataclass(frozen=True, kw_only=True)
class TileNames:
    """Sources of pictures as their names tell them.

    Args:
        source: source in each name, [n]; None for names without a place.
        place: numbers of each place, [n]; empty without one.
        pattern: regular expression for `--group-by`, whose first group is the source.
    """

    source: list[str | None]
    place: list[tuple[int, ...]]
    pattern: str


def read_tile_names(paths: list[str]) -> list[TileNames]:
    """Read the sources and places in names: with two numbers as the place, with one, and by folder.

    Args:
        paths: paths of pictures, with "/" between folders.
    """
    found = [names for at in range(len(_PLACES)) if (names := _read(paths, at)) is not None]
    folders = [path.rpartition("/")[0] for path in paths]
    if len(set(folders)) > 1:
        found.append(TileNames(source=list(folders), place=[()] * len(paths), pattern="^(.+)/[^/]+$"))
    return found


def _read(paths: list[str], at: int) -> TileNames | None:
    stems = [_SUFFIX.sub("", path.rpartition("/")[2]) for path in paths]
    matches = [_PLACES[at].match(stem) for stem in stems]
    shapes = Counter(re.sub(r"\d+", "#", match["place"]) for match in matches if match)
    if not shapes:
        return None
    shape = shapes.most_common(1)[0][0]
    matches = [match if match and re.sub(r"\d+", "#", match["place"]) == shape else None for match in matches]
    place = re.escape(shape.replace("#", "\0")).replace("\0", r"\d+")
    return TileNames(
        source=[match["source"] if match else None for match in matches],
        place=[tuple(int(n) for n in re.findall(r"\d+", match["place"])) if match else () for match in matches],
        pattern=rf"([^/]+){place}\.[^./]+$",
    )


def find_telling_names(paths: list[str], component: np.ndarray) -> TileNames | None:
    """Return the names that tell the sources of pictures which overlap, if there are such names.

    Args:
        paths: paths of the pictures.
        component: source of each picture as its contents tell it, int [n]; a picture that overlaps none is alone.
    """
    size = np.bincount(component, minlength=int(component.max(initial=0)) + 1)[component]
    linked = np.flatnonzero(size > 1)
    for names in read_tile_names(paths):
        source = np.array(
            [-1 if each is None else number for each, number in zip(names.source, _number(names), strict=True)]
        )
        if len(linked) and (source[linked] >= 0).mean() >= _PURE:
            pure = _purity(component[linked], source[linked]), _purity(source[linked], component[linked])
            if pure[0] >= _PURE and pure[1] >= _SEEN:
                return names
    return None


def link_by_names(paths: list[str], component: np.ndarray) -> np.ndarray:
    """Link the tiles whose names tell one source, where half of them or more are linked by their contents.

    Returns:
        Links of tiles to the first of their source, int [E, 2].
    """
    names = find_telling_names(paths, component)
    links = np.zeros((0, 2), np.int64)
    if names is None:
        return links
    source = _number(names)
    parts = [links]
    for number in np.unique(source):
        rows = np.flatnonzero(source == number)
        if names.source[rows[0]] is None or len(rows) < _FEWEST_TILES:
            continue
        values, counts = np.unique(component[rows], return_counts=True)
        main = rows[component[rows] == values[counts.argmax()]]
        if len(main) >= _SEEN * len(rows):
            rest = np.setdiff1d(rows, main)
            rest = rest[np.unique(component[rest], return_index=True)[1]]
            parts.append(np.stack([np.full(len(rest), main[0]), rest], axis=1))
    return np.concatenate(parts)


def find_named_grids(paths: list[str]) -> tuple[TileNames, np.ndarray] | None:
    """Return the names that tell places on grids, and which pictures have one; None if there are no such names.

    A grid has two rows and two columns or more, and a picture for 80 % of its places.
    """
    names = next((names for names in read_tile_names(paths) if len(max(names.place, key=len, default=())) == 2), None)
    if names is None:
        return None
    source = _number(names)
    gridded = np.zeros(len(paths), bool)
    for number in np.unique(source):
        rows = np.flatnonzero(source == number)
        if names.source[rows[0]] is not None and len(rows) >= _FEWEST_TILES:
            places = {names.place[row] for row in rows.tolist()}
            down, across = (len(set(values)) for values in zip(*places, strict=True))
            gridded[rows] = min(down, across) > 1 and len(places) >= _FILLED * down * across
    return (names, gridded) if gridded.any() else None


def join_named_grids(paths: list[str], pairs: np.ndarray) -> np.ndarray:
    """Tell which pairs are tiles of two different grids, as their names tell them.

    Args:
        paths: paths of all pictures.
        pairs: positions of pairs, int [E, 2].

    Returns:
        bool [E].
    """
    found = find_named_grids(paths) if len(pairs) else None
    if found is None:
        return np.zeros(len(pairs), bool)
    names, gridded = found
    source = _number(names)
    joined: np.ndarray = gridded[pairs].all(axis=1) & (source[pairs[:, 0]] != source[pairs[:, 1]])
    return joined


def _number(names: TileNames) -> np.ndarray:
    _, number = np.unique([each or "" for each in names.source], return_inverse=True)
    return np.asarray(number, np.int64)


def _purity(group: np.ndarray, value: np.ndarray) -> float:
    """Return the share of members that have the most common value of their group."""
    pairs, counts = np.unique(np.stack([group, value], axis=1), axis=0, return_counts=True)
    order = np.lexsort((-counts, pairs[:, 0]))
    _, first = np.unique(pairs[order, 0], return_index=True)
    return float(counts[order[first]].sum() / len(group))
