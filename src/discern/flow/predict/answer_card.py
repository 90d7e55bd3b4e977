"""Card with which a notebook shows the prediction for a picture and its thumbnail."""

from pathlib import Path

from discern.bundle import Prediction
from discern.display.html_card import HtmlCard
from discern.display.picture_uri import jpeg_uri
from discern.errors import DiscernError
from discern.picture import fit, open_picture, read_file

_SIDE = 160


def with_thumbnail(prediction: Prediction, path: str) -> HtmlCard:
    """Build the card of a prediction with a thumbnail of its picture, if that can still be opened."""
    card = prediction._to_card()
    uri = _thumbnail(Path(path))
    return card if uri is None else card.pictures([(uri, Path(path).name)], side=_SIDE)


def _thumbnail(path: Path) -> str | None:
    try:
        return jpeg_uri(fit(open_picture(read_file(path), min_side=_SIDE), 2 * _SIDE), quality=80)
    except (DiscernError, OSError):
        return None
