"""Normalisation of class labels, which come from folder names, tables and JSON."""

import re
import unicodedata

_INVISIBLE = "".join(
    chr(code)
    for first, last in (
        # Control characters, with tab and line ends, and the ASCII space.
        (0x00, 0x20),
        (0x7F, 0xA0),
        # Spaces and zero-width characters, marks of text direction, and the byte order mark.
        (0xAD, 0xAD),
        (0x61C, 0x61C),
        (0x1680, 0x1680),
        (0x180E, 0x180E),
        (0x2000, 0x200F),
        (0x2028, 0x202F),
        (0x205F, 0x206F),
        (0x3000, 0x3000),
        (0xFEFF, 0xFEFF),
        # Letters and symbols that are drawn as blanks.
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFFA0, 0xFFA0),
    )
    for code in range(first, last + 1)
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
# Joiners shape letters and emoji, so they are shown as they are, except next to Latin letters.
_MISLEADING = re.compile(
    f"^ +| +$| {{2,}}|[{re.escape(_INVISIBLE.replace(' ', '').replace(chr(0x200C), '').replace(chr(0x200D), ''))}]"
    r"|(?<=[\x21-\x7e])[\u200c\u200d]|[\u200c\u200d](?=[\x21-\x7e])"
)
_SEPARATORS = re.compile(r"(?<=[^\W_])[\s_-]+(?=[^\W_])|\s+")
# Small Cyrillic and Greek letters, and the Latin ones that they, or their capitals, look like.
_LOOK_ALIKES = str.maketrans(
    "авекмнорстухіѕјαβεζηικμνορτυχ",
    "abekmhopctyxisjabezhikmnoptyx",
)
_JOINERS = "\u200c\u200d"
_VIRAMA = 9


def normalise_label(text: str) -> str:
    r"""Return a label in Unicode form NFC, without blanks and invisible characters around it.

    Line ends, control characters and changes of direction within the label become a blank: no bundle has such labels.
    An empty result means that there is no label. A joiner after a virama stays: it changes the last letter, as in
    Malayalam.

    >>> normalise_label("\ufeff red apple\u3000"), normalise_label("cafe\u0301"), normalise_label(" \u200b")
    ('red apple', 'café', '')
    """
    composed = _CONTROL.sub(" ", unicodedata.normalize("NFC", text)).lstrip(_INVISIBLE)
    label = composed.rstrip(_INVISIBLE)
    after = composed[len(label) : len(label) + 1]
    joins = label and after and after in _JOINERS and unicodedata.combining(label[-1]) == _VIRAMA
    return label + after if joins else label


def strip_blanks(text: str) -> str:
    """Return text without blanks and invisible characters around it."""
    return text.strip(_INVISIBLE)


def show_label(label: str) -> str:
    r"""Return a label for a message, with blanks and invisible characters that would mislead a reader made visible.

    >>> show_label("red apple"), show_label("red  apple"), show_label("red\u00a0apple")
    ('red apple', 'red␣␣apple', 'red\\u00a0apple')
    """
    return _MISLEADING.sub(_visible, label)


def quote_label(label: str) -> str:
    r"""Return a label for a list of labels: as `show_label`, in quotes where it is not clear where it begins or ends.

    >>> quote_label("red apple"), quote_label("red  apple"), quote_label("a, b")
    ('red apple', '"red␣␣apple"', '"a, b"')
    """
    shown = show_label(label)
    return shown if label and shown == label and not set(label) & set(',;:"') else f'"{shown}"'


def _visible(found: re.Match[str]) -> str:
    return "".join("␣" if each == " " else f"\\u{ord(each):04x}" for each in found[0])


def label_look(label: str) -> str:
    r"""Return text that labels share if they differ only in case, blanks, hyphens, or letters that look alike.

    >>> label_look("Red_Apple") == label_look("red  apple") == label_look("RED\u00a0apple")
    True
    """
    text = unicodedata.normalize("NFKC", label).casefold().translate(_LOOK_ALIKES)
    text = "".join(each for each in text if unicodedata.category(each) != "Cf")
    return _SEPARATORS.sub(" ", unicodedata.normalize("NFC", text)).strip()
