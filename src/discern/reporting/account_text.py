"""Functions that state in sentences which files of a data set are used and which are left out."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from discern.catalog.account import Account
from discern.catalog.label_text import quote_label
from discern.catalog.table import OTHER
from discern.reporting.formatting import count, join_names, plural

_REASONS = {
    "link_not_followed": ("link not followed", "links not followed"),
    "system_file": ("system file", "system files"),
    "not_a_picture": ("list or other file that is not a picture", "lists or other files that are not pictures"),
    "unreadable": ("unreadable", "unreadable"),
    "no_label": ("without a label", "without a label"),
    "conflict": ("in conflict with another", "in conflict with others"),
    "dropped_by_fix": ("dropped by fixes", "dropped by fixes"),
    "class_not_chosen": ("of a class that was not chosen", "of classes that were not chosen"),
    "sidecar": ("file that belongs to a picture", "files that belong to pictures"),
}
# Not tuned: so many classes fit on two lines of a terminal.
_MOST_CLASSES = 12
_FIRST, _SMALLEST = 5, 3
_MOST_NAMES = 10


def describe_account(
    account: Account,
    *,
    of: str,
    listed_in: str,
    file: str = "left_out.csv",
    name: Callable[[str], str] = lambda label: label,
) -> list[str]:
    """Describe an account in sentences.

    Args:
        account: the account.
        of: owner of the classes, such as "this data set".
        listed_in: place where all classes are listed, such as "in data.html".
        file: file that lists what is left out.
        name: returns the display name of a label.
    """
    lines = [_describe_classes(account, listed_in, name), _describe_left_out(account, file)]
    if account.links_not_followed:
        lines.append(f"Links not followed: {join_names(_quoted(account.links_not_followed), most=_MOST_NAMES)}.")
    if account.folders_without_pictures:
        lines.append(f"Without a usable picture: {_with_files(account.folders_without_pictures, 'folder')}.")
    if sentence := describe_missing_classes(account, of=of):
        lines.append(sentence)
    if account.ungrouped:
        one = account.ungrouped == 1
        alone, paths = ("is its own group", "its path") if one else ("are groups of their own", "their paths")
        lines.append(f"{plural(account.ungrouped, 'picture')} {alone}, as --group-by does not match {paths}.")
    if account.unjudged:
        labels = join_names([quote_label(name(label)) for label in account.unjudged], most=_MOST_NAMES)
        lines.append(f"Not judged, for want of two independent pictures: {labels}.")
    return lines


def describe_missing_classes(account: Account, *, of: str) -> str:
    """Describe the labels that no usable picture has, or return an empty string."""
    missing = account.classes_without_pictures
    if not missing:
        return ""
    labels = join_names(_quoted(missing), most=_MOST_NAMES)
    if len(missing) == 1:
        return f"{labels} has no usable picture and is not a class of {of}."
    return f"{labels} have no usable picture and are not classes of {of}."


def describe_reasons(left_out: Mapping[str, int]) -> str:
    """Describe how many files are left out for each reason, without zeros.

    >>> describe_reasons({"no_label": 3, "system_file": 1, "unreadable": 0})
    '3 without a label, 1 system file'
    """
    return ", ".join(f"{count(number)} {_REASONS[reason][number > 1]}" for reason, number in left_out.items() if number)


def _describe_classes(account: Account, listed_in: str, name: Callable[[str], str]) -> str:
    pictures = sum(account.classes.values())
    negatives = account.used - pictures
    more = f", and {plural(negatives, 'picture')} of none of them ({OTHER})" if negatives else ""
    if not account.classes:
        return f"{plural(account.left_out['no_label'], 'picture')} without a label, so there are no classes{more}."
    listed = _list_classes([(name(label), number) for label, number in account.classes.items()], listed_in)
    classes = plural(len(account.classes), "class", "classes")
    return f"{plural(pictures, 'picture')} in {classes}{more}: {listed}."


def _list_classes(classes: Sequence[tuple[str, int]], listed_in: str) -> str:
    if len(classes) <= _MOST_CLASSES:
        return _with_counts(classes)
    smallest = sorted(classes, key=lambda each: each[1])[:_SMALLEST]
    more = f"{count(len(classes) - _FIRST)} more ({listed_in})"
    return f"{_with_counts(classes[:_FIRST])} and {more}; the smallest are {_with_counts(smallest)}"


def _with_counts(classes: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{quote_label(label)} ({count(number)})" for label, number in classes)


def _describe_left_out(account: Account, file: str) -> str:
    left_out = account.found - account.used
    if not left_out:
        return f"Left out: none of {plural(account.found, 'file')}."
    reasons = describe_reasons(account.left_out)
    return f"Left out: {count(left_out)} of {plural(account.found, 'file')} ({reasons}); see {file}."


def _quoted(names: Iterable[str]) -> list[str]:
    return [quote_label(name) for name in names]


def _with_files(folders: Mapping[str, int], noun: str) -> str:
    texts = [f"{quote_label(name)} ({plural(files, 'file') if files else 'empty'})" for name, files in folders.items()]
    return f"{noun if len(texts) == 1 else noun + 's'} {join_names(texts, most=_MOST_NAMES)}"
