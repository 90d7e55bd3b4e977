"""Decoding of base64 text in short steps, with the tolerance that its usual encoders need."""

import binascii
import re
from collections.abc import Iterable

import numpy as np

_LINE_BREAKS, _BLANKS, _PADDING = b"\r\n", b" \t", b"="
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_KNOWN = _ALPHABET + b"-_" + _LINE_BREAKS + _BLANKS + _PADDING
_FOREIGN = re.compile(rb"[^%s]" % re.escape(_KNOWN))
_LETTER = re.compile(rb"[^=\s]")
_DATA_URL = re.compile(rb"\s*data:[^,]{0,200};base64,", re.IGNORECASE)
_IS_BLANK = 2
_KINDS = bytes(_IS_BLANK if code in _BLANKS else code in _LINE_BREAKS + _PADDING for code in range(256))
_GROUP = 4
_MAX_PADDING = 2


def decode_base64(chunks: Iterable[bytes]) -> bytes:
    """Decode base64 text, which is given in chunks between which other threads can run.

    Line breaks, a data URL's beginning, the alphabet for URLs (RFC 4648, section 5) and missing padding are accepted.
    So are blanks at regular distances, in place of line breaks. Elsewhere they stand for plus signs that were lost in a
    form's encoding: without them, the rest would be decoded to other bytes.

    Raises:
        ValueError: the text is not base64; the message names the first position that is not, counted from 0.
    """
    decoder = _Decoder()
    for number, chunk in enumerate(chunks):
        found = _DATA_URL.match(chunk) if number == 0 else None
        decoder.position = found.end() if found else decoder.position
        decoder.add(chunk[decoder.position :] if found else chunk)
    return decoder.finish()


class _Decoder:
    """Decoder of base64 text that keeps its position in the text."""

    def __init__(self) -> None:
        self.position = 0
        self._decoded = bytearray()
        self._letters = self._padding = 0
        self._rest = b""
        self._has_blanks, self._line = False, 0
        self._stray_blank: int | None = None
        self._letters_at_stray = 0

    def add(self, chunk: bytes) -> None:
        """Decode a chunk of the text, apart from an incomplete group at its end."""
        if chunk.translate(None, _KNOWN):
            found = _FOREIGN.search(chunk)
            assert found is not None
            shown = ascii(found[0].decode("latin-1")) if found[0].isascii() else "a character outside ASCII"
            raise ValueError(f"{shown} at position {self.position + found.start()}")
        self._check_blanks(chunk)
        letters = chunk.translate(_URL_SAFE, _LINE_BREAKS + _BLANKS)
        if self._padding or _PADDING in letters:
            letters = self._split_padding(chunk, letters)
        self._letters += len(letters)
        self.position += len(chunk)
        letters = self._rest + letters
        whole = len(letters) - len(letters) % _GROUP
        self._decoded += binascii.a2b_base64(letters[:whole], strict_mode=True)
        self._rest = letters[whole:]

    def finish(self) -> bytes:
        """Decode the last group and return all bytes."""
        missing = -len(self._rest) % _GROUP
        if missing > _MAX_PADDING:
            raise ValueError(f"the text ends in the middle of a byte, at position {self.position}")
        if self._has_blanks and self._padding < missing:
            raise ValueError(f"padding is missing at position {self.position}, or blanks replaced plus signs")
        if self._padding > missing:
            raise ValueError(f"too many equals signs before position {self.position}")
        self._decoded += binascii.a2b_base64(self._rest + _PADDING * missing, strict_mode=True)
        return bytes(self._decoded)

    def _split_padding(self, chunk: bytes, letters: bytes) -> bytes:
        """Count the padding at the end of the letters, and reject letters after it."""
        before = b"" if self._padding else letters.partition(_PADDING)[0]
        after = letters[len(before) :]
        if after.strip(_PADDING):
            start = 0 if self._padding else chunk.index(_PADDING)
            found = _LETTER.search(chunk, start)
            assert found is not None
            raise ValueError(f"data after padding at position {self.position + found.start()}")
        self._padding += len(after)
        return before

    def _check_blanks(self, chunk: bytes) -> None:
        """Reject a blank that does not end a line of the same length as the first, unless nothing follows it."""
        if b" " in chunk or b"\t" in chunk:
            self._has_blanks = True
        elif self._stray_blank is None:
            return
        kinds = np.frombuffer(chunk.translate(_KINDS), np.uint8)
        others = np.flatnonzero(kinds)
        before = self._letters + others - np.arange(len(others))
        is_blank = kinds[others] == _IS_BLANK
        blanks, before = others[is_blank], before[is_blank]
        if not self._line and (lines := before[before > 0]).size:
            self._line = int(lines[0])
        if self._line and self._stray_blank is None:
            stray = np.flatnonzero((before % self._line != 0) | (before % _GROUP != 0))
            if stray.size:
                self._stray_blank = self.position + int(blanks[stray[0]])
                self._letters_at_stray = int(before[stray[0]])
        if self._stray_blank is not None and self._letters + len(kinds) - len(others) > self._letters_at_stray:
            raise ValueError(f"a blank at position {self._stray_blank}, perhaps in place of a plus sign")
