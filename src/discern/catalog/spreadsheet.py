"""Functions that protect CSV files against formula injection.

Spreadsheets run a cell that begins with a sign of `=+-@` or its full-width form, also behind what they leave out, and
cells that begin with a tab or a line's end (OWASP, "CSV injection"). Such text gets `./` before it, which changes no
path. `serving/page/view/csv.js` has the same rule.
"""

import re

FORMULA = (
    "^(?:\\./)*(?:[\t\n\r]"
    "|[\x00-\x20\x7f-\xa0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]*"
    "[=+\\-@\uff1d\uff0b\uff0d\uff20])"
)
"""Matches text that needs the guard, or looks as if it had it already: a pattern for Python's `re` and for Polars."""

GUARD = "./"
_FORMULA = re.compile(FORMULA)


def guard(text: str) -> str:
    """Prefix text that a spreadsheet program would execute as a formula.

    >>> guard("=1+1"), guard("a=b")
    ('./=1+1', 'a=b')
    """
    return GUARD + text if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """Remove the prefix that `guard` added to a text.

    >>> unguard("./=1+1"), unguard("./a")
    ('=1+1', './a')
    """
    return text.removeprefix(GUARD) if _FORMULA.match(text) else text
