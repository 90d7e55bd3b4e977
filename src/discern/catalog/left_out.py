"""Files that belong to a data set but are not used, with the reason for each."""

from typing import Literal, NamedTuple, get_args

Reason = Literal[
    "link_not_followed",
    "system_file",
    "not_a_picture",
    "unreadable",
    "no_label",
    "conflict",
    "dropped_by_fix",
    "class_not_chosen",
]
REASONS: tuple[Reason, ...] = get_args(Reason)


class LeftOut(NamedTuple):
    """File that is not used.

    Attributes:
        path: path relative to the source's root, as in `Catalog.table`; of a link to a folder, the link's own path.
        reason: category of the reason.
        message: the reason in words, or "" if the category says enough.
    """

    path: str
    reason: Reason
    message: str = ""
