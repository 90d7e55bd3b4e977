"""Sentences on classes that consist of too few films."""

from typing import TYPE_CHECKING

import numpy as np

from discern.catalog.label_text import show_label

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.grouping import Groups

_REMEDY = (
    "again in other places and at other times. If these pictures are several takes, name their groups with --group-by, "
    "in a 'group' column or in fixes.csv."
)
FILM_REMEDY = f"Film it {_REMEDY}"
_MOST_NAMED = 5


def one_film_labels(catalog: "Catalog", groups: "Groups", frames: np.ndarray) -> tuple[str, ...]:
    """Return the labels of the classes all of whose pictures are one film.

    Args:
        catalog: N pictures.
        groups: groups of the pictures.
        frames: mask of the pictures that belong to a film, bool [N].
    """
    index = catalog.label_index
    found = []
    for number, label in enumerate(catalog.labels):
        rows = np.flatnonzero(index == number)
        if len(rows) and frames[rows].all() and len(np.unique(groups.group[rows])) == 1:
            found.append(label)
    return tuple(found)


def describe_films(labels: tuple[str, ...]) -> tuple[str, str]:
    """Describe in a sentence that each of some classes is one film, and in another how to remedy it."""
    named = [f"'{show_label(label)}'" for label in labels[:_MOST_NAMED]]
    if len(labels) > _MOST_NAMED:
        named.append(f"{len(labels) - _MOST_NAMED} more")
    if len(named) == 1:
        reason = "is one film: its frames show one scene, so none can test what the others taught."
        return f"{named[0]} {reason}", FILM_REMEDY
    reason = "are one film each: the frames of a film show one scene, so none can test what the others taught."
    return f"{', '.join(named[:-1])} and {named[-1]} {reason}", f"Film each {_REMEDY}"
