"""Functions that draw a confusion matrix as an SVG heat map."""

import numpy as np
from markupsafe import Markup

from discern.reporting.charts.svg import joined, tag

_LEVELS = 8


def heat_map(confusion: np.ndarray) -> Markup:
    """Draw a confusion matrix with true classes in rows as a row-normalised heat map.

    Errors have another colour. Cells of one shade are one path, which keeps the SVG of 131 classes small.
    """
    size = len(confusion)
    totals = np.maximum(confusion.sum(axis=1, keepdims=True), 1e-12)
    level = np.ceil(_LEVELS * np.sqrt(confusion / totals)).astype(int)
    paths = []
    for right in (True, False):
        kind = np.eye(size, dtype=bool) == right
        for shade in range(1, _LEVELS + 1):
            cells = np.argwhere((level == shade) & kind)
            if len(cells):
                route = "".join(f"M{column} {row}h1v1h-1z" for row, column in cells)
                paths.append(
                    tag("path", d=route, class_="right" if right else "wrong", fill_opacity=0.2 + 0.8 * shade / _LEVELS)
                )
    cross = tag(
        "g",
        joined(
            [tag("rect", x="0", y="-2", width=size, height="1"), tag("rect", x="-2", y="0", width="1", height=size)]
        ),
        class_="cross",
    )
    return tag(
        "svg",
        joined([cross, *paths]),
        viewBox=f"0 0 {size} {size}",
        class_="heat",
        role="img",
        tabindex="0",
        aria_label=f"Confusion matrix of {size} classes; the table next to it lists the most frequent mix-ups",
    )
