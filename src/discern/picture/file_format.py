"""Functions that detect the format of an image file by its content, and limits on its size."""

from dataclasses import dataclass

from discern.errors import EmptyFile, NotAPicture, PictureTooLarge

FORMATS: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif", ".avifs"),
    "HEIF": (".heic", ".heif", ".hif", ".heics", ".heifs"),
}
"""Supported formats and their file suffixes, the most common first."""


_REDUCTION = 4
"""Smallest reduction of the area of a JPEG while it is decoded: half of each side."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Size limits for image files, enforced before decoding.

    Args:
        max_bytes: largest file, in bytes.
        max_pixels: largest width times height that is decoded. A JPEG may have four times as many, since it is decoded
            at half of its size or less.
        max_memory: largest amount of memory for decoding in bytes, as estimated from the header.
    """

    max_bytes: int = 64 * 2**20
    max_pixels: int = 120_000_000
    max_memory: int = 900_000_000

    @property
    def byte_remedy(self) -> str:
        """Return advice for files with too many bytes, for error messages."""
        return (
            f"The limits are {self.max_bytes:,} bytes and {self.max_pixels:,} pixels: "
            "save the picture with fewer pixels."
        )

    @property
    def pixel_remedy(self) -> str:
        """Return advice for pictures with too many pixels, for error messages."""
        return (
            f"The limit is {self.max_pixels:,} pixels, or {_REDUCTION * self.max_pixels:,} in a JPEG: "
            "save the picture with fewer pixels."
        )

    @property
    def memory_remedy(self) -> str:
        """Return advice for pictures that take too much memory, for error messages."""
        return f"The limit is {self.max_memory >> 20:,} MiB: save the picture with fewer pixels."

    @property
    def progressive_remedy(self) -> str:
        """Return advice for JPEGs of several scans that take too much memory, for error messages."""
        return (
            f"The limit is {self.max_memory >> 20:,} MiB: save the picture as a JPEG that is not progressive, which is "
            "read at a reduced scale, or with fewer pixels."
        )

    def check(self, name: str, width: int, height: int) -> None:
        """Raise `PictureTooLarge` if an image declares more pixels than allowed."""
        if width * height > self.max_pixels * (_REDUCTION if name == "JPEG" else 1):
            raise PictureTooLarge(f"This {name} is too large: {width:,} x {height:,} pixels.", hint=self.pixel_remedy)


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """Properties of an image that its file header declares.

    Attributes:
        format: one of `FORMATS`.
        width: width of the upright picture, in pixels.
        height: height of the upright picture, in pixels.
        mode: Pillow mode of the stored pixels ("RGB", "P", "I;16", ...).
        frames: 1, or 2 where the file holds several pictures (the first is opened, in HEIF the primary one).
        suffixes: usual file suffixes of the format, in lower case.
    """

    format: str
    width: int
    height: int
    mode: str
    frames: int
    suffixes: tuple[str, ...]


def identify_format(data: bytes, limits: Limits) -> str:
    """Detect the format of an image file, one of `FORMATS`, by its content.

    Raises:
        EmptyFile: the data is empty.
        PictureTooLarge: more bytes than allowed.
        NotAPicture: the format is not supported.
    """
    if not data:
        raise EmptyFile("The file is empty.", hint="Copy or download the file again, or leave it out.")
    if len(data) > limits.max_bytes:
        raise PictureTooLarge(f"The file is too large: {len(data):,} bytes.", hint=limits.byte_remedy)
    name = _match_signature(data[:64])
    if name is None:
        other = _name_other(data)
        raise NotAPicture(
            f"The content is not a supported picture format{f': it looks like {other}' if other else ''}.",
            hint=_HINTS.get(other, _OTHER_FORMAT),
        )
    return name


_FILM = "a film"
_OTHER_SIGNATURES = (
    (b"%PDF", "a PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "XML, perhaps an SVG drawing"),
    (b"<!DOC", "a web page"),
    (b"<!doc", "a web page"),
    (b"<html", "a web page"),
    (b"<HTML", "a web page"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"8BPS", "a Photoshop document"),
    (b"\x00\x00\x00\x0cjP", "JPEG 2000"),
    (b"\x00\x00\x00\x0cJXL", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"\x1aE\xdf\xa3", _FILM),
    (b"\xd0\xcf\x11\xe0", "a Windows compound file, such as Thumbs.db"),
    (b"{", "JSON"),
)


_NEVER_PICTURES = ("a web page", "JSON", "a Windows compound file, such as Thumbs.db")
_NO_PICTURE = "Download the picture again if a page was saved in its place, or remove the file."
_OTHER_FORMAT = "Convert it to JPEG or PNG if it should be a picture, or remove it."


_HINTS = dict.fromkeys(_NEVER_PICTURES, _NO_PICTURE) | {
    _FILM: "Collect its frames: `discern collect FILM --label LABEL --out FOLDER`.",
}


def _name_other(data: bytes) -> str:
    if data[4:8] == b"ftyp" or (data.startswith(b"RIFF") and data[8:12] == b"AVI "):
        return _FILM
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return next((what for signature, what in _OTHER_SIGNATURES if start.startswith(signature)), "")


_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)


def _match_signature(start: bytes) -> str | None:
    for signature, name in _SIGNATURES:
        if start.startswith(signature):
            return name
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "WEBP"
    if start.startswith(b"BM") and int.from_bytes(start[14:18], "little") in (12, 40, 52, 56, 64, 108, 124):
        return "BMP"
    return _match_brand(start) if start[4:8] == b"ftyp" else None


def _match_brand(start: bytes) -> str | None:
    """Distinguish AVIF from HEIF by the brands of the container (ISO/IEC 23008-12)."""
    box = start[8 : max(16, int.from_bytes(start[:4], "big"))]
    brands = {box[offset : offset + 4] for offset in range(0, len(box), 4)}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
