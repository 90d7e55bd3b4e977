"""Functions that plot the distribution of a measure as a histogram, and of each class as a range."""

from markupsafe import Markup

from discern.reporting.charts.svg import Frame, joined, tag
from discern.reporting.formatting import count, plural
from discern.reporting.plots.distribution import Distribution, Spread

_MOST_TICKS = 5
_STEPS = (1, 2, 5)
PAGE_FRAME = Frame(left=46.0, top=8.0, width=270.0, height=120.0)


def histogram(distribution: Distribution, frame: Frame = PAGE_FRAME) -> Markup:
    """Plot a histogram of a measure on a logarithmic axis."""
    return frame.drawing(
        histogram_marks(distribution, frame),
        name=f"Histogram: {distribution.measure.title.lower()} of {plural(distribution.overall.pictures, 'picture')}",
    )


def histogram_marks(distribution: Distribution, frame: Frame) -> list[Markup]:
    """Draw the bars and axes of a histogram in a frame."""
    rows = count_ticks(int(distribution.counts.max()))
    columns = [(distribution.place(value), name) for value, name in distribution.ticks()]
    scaled = Frame(
        left=frame.left, top=frame.top, width=frame.width, height=frame.height, up=(0.0, max(rows[-1], 1.0) * 1.02)
    )
    axes = scaled.axes(columns, rows, across=distribution.measure.axis, up="pictures", number=count)
    places = [scaled.x(distribution.place(edge)) for edge in distribution.edges.tolist()]
    text = distribution.measure.text
    bars = []
    for place, number in enumerate(distribution.counts.tolist()):
        if number:
            low, high = distribution.edges[place : place + 2]
            top = scaled.y(number)
            said = tag("title", f"{text(low)} to {text(high)}: {plural(number, 'picture')}")
            x, width = places[place] + 0.3, places[place + 1] - places[place] - 0.6
            height = max(scaled.bottom - top, 0.8)
            bars.append(tag("rect", said, x=x, y=top, width=width, height=height, class_="within"))
    return [*axes, *bars]


def count_ticks(most: int) -> list[float]:
    """Return round tick values from 0 to `most` or just above it."""
    step = next(
        factor * 10**power for power in range(20) for factor in _STEPS if most <= factor * 10**power * _MOST_TICKS
    )
    return [float(step * number) for number in range(-(-most // step) + 1)]


def range_track(distribution: Distribution, spread: Spread) -> Markup:
    """Draw the range of a class as a line, its middle half as a bar and its median as a dot."""
    places = [spread.smallest, spread.lower_quartile, spread.median, spread.upper_quartile, spread.largest]
    first, low, middle, high, last = (f"{100 * distribution.place(value):.1f}%" for value in places)
    marks = [
        tag("line", x1=first, x2=last, y1="7", y2="7", class_="reach"),
        tag("line", x1=low, x2=high, y1="7", y2="7", class_="span"),
        tag("circle", cx=middle, cy="7", r="3.5", class_="dot"),
    ]
    return tag("svg", joined(marks), class_="track", height="14", aria_hidden="true")
