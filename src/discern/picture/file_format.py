"""What a file says about itself, judged by its first bytes and not by its name."""

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
"""The formats that are opened, with their usual suffixes, the commonest first."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is refused before anything is decoded.

    Args:
        max_bytes: of the file.
        max_pixels: width times height, as the header says.
        max_memory: bytes that decoding may take, as far as the header tells.
    """

    max_bytes: int = 64 * 2**20
    max_pixels: int = 120_000_000
    max_memory: int = 900_000_000

    @property
    def remedy(self) -> str:
        """The hint that goes with a refusal."""
        return f"At most {self.max_bytes:,} bytes and {self.max_pixels:,} pixels are opened: make the picture smaller."

    def check(self, name: str, width: int, height: int) -> None:
        """Raise `PictureTooLarge` where a picture of this format claims too many pixels."""
        if width * height > self.max_pixels:
            raise PictureTooLarge(f"This {name} claims {width:,} x {height:,} pixels.", hint=self.remedy)


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """What is known of a picture before it is decoded.

    Attributes:
        format: one of `FORMATS`.
        width: of the upright picture, in pixels.
        height: of the upright picture, in pixels.
        mode: how pixels are stored, in Pillow's words ("RGB", "P", "I;16", ...).
        frames: 1, or 2 where the file holds several pictures (the first is opened, in HEIF the primary one).
        suffixes: lower-case suffixes that are usual for the format.
    """

    format: str
    width: int
    height: int
    mode: str
    frames: int
    suffixes: tuple[str, ...]


def identify_format(data: bytes, limits: Limits) -> str:
    """Name the format of a file's content: one of `FORMATS`.

    Raises:
        EmptyFile: nothing in it.
        PictureTooLarge: more bytes than allowed.
        NotAPicture: no format that is opened.
    """
    if not data:
        raise EmptyFile("The file is empty.", hint="Get it again from where it came from, or delete it.")
    if len(data) > limits.max_bytes:
        raise PictureTooLarge(f"The file has {len(data):,} bytes.", hint=limits.remedy)
    name = _by_signature(data[:64])
    if name is None:
        raise NotAPicture(
            f"The content is no known picture format{_likeness(data)}.",
            hint="Convert it to JPEG or PNG if it should be a picture, or remove it.",
        )
    return name


_OTHERS = (
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
    (b"\xd0\xcf\x11\xe0", "a database of Windows"),
    (b"{", "JSON"),
)


def _likeness(data: bytes) -> str:
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return next((f": it looks like {kind}" for signature, kind in _OTHERS if start.startswith(signature)), "")


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


def _by_signature(start: bytes) -> str | None:
    for signature, name in _SIGNATURES:
        if start.startswith(signature):
            return name
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "WEBP"
    if start.startswith(b"BM") and int.from_bytes(start[14:18], "little") in (12, 40, 52, 56, 64, 108, 124):
        return "BMP"
    return _by_brand(start) if start[4:8] == b"ftyp" else None


def _by_brand(start: bytes) -> str | None:
    """AVIF and HEIF share one container (ISO/IEC 23008-12): a list of brands says which it is."""
    box = start[8 : max(16, int.from_bytes(start[:4], "big"))]
    brands = {box[place : place + 4] for place in range(0, len(box), 4)}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
