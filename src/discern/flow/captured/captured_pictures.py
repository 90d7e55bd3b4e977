"""Functions that make the small pictures of captured answers, within a limit for all of them."""

import hashlib
from collections.abc import Iterator, Set
from functools import partial
from pathlib import Path

from discern.catalog.formats.captured_traffic import read_traffic_pictures
from discern.display.picture_uri import jpeg_uri
from discern.errors import PictureError
from discern.parallel import ThreadExecutor, count_cores, map_in_order
from discern.picture import fit, open_picture
from discern.progress import Progress
from discern.reporting.gallery import PageImage

MAX_PICTURES_BYTES = 12_000_000
"""Size of all pictures of a page, at most; not tuned: what a browser opens at once from a file."""

# Longer side and quality, the best that fits first; not tuned.
_SIZES = ((256, 80), (160, 78), (128, 75), (96, 72), (80, 65), (64, 60), (64, 40), (48, 40), (32, 30))
_LEAST_PER_PIXEL = 0.25  # characters of a data URI; not tuned: photographs need more, so larger sizes are not tried
_WINDOW = 64


def make_pictures(source: Path, wanted: Set[str], *, progress: Progress) -> dict[str, PageImage]:
    """Return the small pictures at the given catalog paths; one that cannot be decoded is left out.

    The same bytes are decoded once. The more pictures, the smaller they are.
    """
    share = MAX_PICTURES_BYTES // max(len(wanted), 1)
    digests: dict[str, str] = {}
    with ThreadExecutor(count_cores()) as executor:
        made: dict[str, PageImage] = {}
        found = _different(read_traffic_pictures(source, wanted), digests)
        for done, (digest, image) in enumerate(
            map_in_order(partial(_make, share=share), found, executor=executor, window=_WINDOW), 1
        ):
            if image is not None:
                made[digest] = image
            progress("pictures", done, None)
    return {path: made[digest] for path, digest in digests.items() if digest in made}


def _different(pictures: Iterator[tuple[str, bytes]], digests: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield the digest and the bytes of each different picture, and record the digest of each path."""
    seen: set[str] = set()
    for path, data in pictures:
        digest = digests[path] = hashlib.sha256(data).hexdigest()
        if digest not in seen:
            seen.add(digest)
            yield digest, data


def _make(found: tuple[str, bytes], *, share: int) -> tuple[str, PageImage | None]:
    """Return the largest of the sizes whose data URI has at most `share` characters, or the smallest."""
    digest, data = found
    sizes = [size for size in _SIZES if _LEAST_PER_PIXEL * size[0] ** 2 <= share] or [_SIZES[-1]]
    try:
        pixels = open_picture(data, min_side=sizes[0][0])
    except PictureError:
        return digest, None
    for side, quality in sizes:
        picture = fit(pixels, side)
        uri = jpeg_uri(picture, quality=quality)
        if len(uri) <= share:
            break
    return digest, PageImage(uri=uri, alt="", width=picture.width, height=picture.height)
