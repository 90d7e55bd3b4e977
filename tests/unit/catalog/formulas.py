"""Text that a spreadsheet would run, and text that it would not: Python and the page are held to the same table."""

SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
LEFT_OUT = (
    *("", " ", "  ", "\t", "\r", "\n", "\v", "\f", "\0", "\x1f", "\x7f", "\x85", "\xa0"),
    *("\u200b", "\u2028", "\u202e", "\u2060", "\u3000", "\ufeff"),
)

RUN = [
    *(f"{before}{sign}1" for before in LEFT_OUT for sign in SIGNS),
    *(f"{before}=1" for before in ("./", "././", "./ ", "./\t")),
    *("=", "-", "-1", "+4.5", "\t", "\r", "\n", "\tx", "\rx", "\nx", "=cmd|' /C calc'!A0", '=HYPERLINK("x")'),
]
HARMLESS = [
    "",
    " ",
    "a",
    "a=b",
    "1-2",
    "./a",
    "../a",
    ".=",
    "/=",
    "'=1",
    '"=1',
    "1",
    "ä-",
    "x\t=1",
    "\u4e00=1",
    "\x00x",
]
