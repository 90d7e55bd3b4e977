"""Search for layouts of folders whose outermost folders are not classes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from discern.catalog.label_text import normalise_label
from discern.catalog.labels.folder_names import (
    ANNOTATION_FOLDERS,
    IMAGE_FOLDERS,
    UNLABELLED_FOLDERS,
    folded,
    part_in_words,
    type_of_names,
)
from discern.catalog.path_text import natural_key, order_labels

# Shares of pictures and of names, not tuned: few stray pictures or missing classes change no layout.
_STRAY = 0.1
_ALIKE = 0.8
_PARTS = ("train", "test", "validation")


@dataclass(kw_only=True)
class LayoutFolder:
    """Folder with the pictures and folders in it.

    Attributes:
        path: names from the root.
        pictures: number of pictures in it and below.
        direct: number of pictures directly in it.
        folders: its folders that contain pictures, by name.
    """

    path: tuple[str, ...] = ()
    pictures: int = 0
    direct: int = 0
    folders: dict[str, Self] = field(default_factory=dict)

    @classmethod
    def of(cls, counts: Mapping[tuple[str, ...], int]) -> Self:
        """Create the tree of all folders from the number of pictures directly in each."""
        root = cls()
        for names in sorted(counts, key=lambda names: natural_key("/".join(names))):
            folder, count = root, counts[names]
            folder.pictures += count
            for depth, name in enumerate(names, 1):
                folder = folder.folders.setdefault(name, cls(path=names[:depth]))
                folder.pictures += count
            folder.direct += count
        return root

    @property
    def text(self) -> str:
        """Return the path as text."""
        return "/".join(self.path)

    @property
    def only_holds_folders(self) -> bool:
        """Return True if hardly any picture is directly in it."""
        return self.pictures > 0 and self.direct <= _STRAY * self.pictures

    @property
    def is_branching(self) -> bool:
        """Return True if its pictures are in two or more folders in it."""
        return self.only_holds_folders and len(self.folders) > 1

    def innermost(self) -> Self:
        """Return the first folder in it that does not just contain one other folder."""
        folder = self
        while folder.only_holds_folders and len(folder.folders) == 1:
            (folder,) = folder.folders.values()
        return folder


@dataclass(frozen=True, kw_only=True)
class LayoutProblem:
    """Reason why the outermost folders are probably not classes.

    Attributes:
        message: the reason; begins with a verb whose subject is the source.
        folder: path of a folder in which they are classes; "" if there is none.
        parts_of: folders that are probably parts, by part.
    """

    message: str
    folder: str = ""
    parts_of: Mapping[str, str] = field(default_factory=dict)


def find_layout_problem(
    counts: Mapping[tuple[str, ...], int], parts: Mapping[str, str], *, root_name: str
) -> LayoutProblem | None:
    """Find out if the outermost folders, or those in parts, are probably not classes.

    Sessions, views and dates in class folders are accepted, and so are folders that differ from class to class.

    Args:
        counts: number of readable pictures directly in each folder, by its names from the root.
        parts: the split part of each outermost folder that is one.
        root_name: name of the root.
    """
    root = LayoutFolder.of(counts)
    if parts:
        return _problem_in_parts(root, parts)
    tops = list(root.folders.values())
    if not tops or not root.only_holds_folders:
        return None
    if len(tops) == 1:
        return _wrapper(tops[0], root)
    wrapper = _main_folder(tops, root, root_name) or _annotated(tops)
    return wrapper or _named_parts(tops) or _same_names(tops)


def _problem_in_parts(root: LayoutFolder, parts: Mapping[str, str]) -> LayoutProblem | None:
    """Find wrappers and sources in the folders of parts, whose folders should be classes."""
    inner = {name: folder.innermost() for name, folder in root.folders.items() if name in parts}
    wrapped = [end for end in inner.values() if end.is_branching]
    if wrapped and all(len(end.path) > 1 for end in wrapped) and any(map(_may_be_classes, wrapped)):
        named = {parts[name]: inner[name].text for name in sorted(inner, reverse=True)}
        named = {part: named[part] for part in _PARTS if part in named}
        message = f"has its class folders one level deeper than its parts, in {_listed(wrapped)}"
        return LayoutProblem(message=message, parts_of=named)
    training = [end for name, end in inner.items() if parts[name] == _PARTS[0]] or list(inner.values())
    largest = max(training, key=lambda end: end.pictures, default=root)
    return _same_names(list(largest.folders.values())) if largest.only_holds_folders else None


def _may_be_classes(folder: LayoutFolder) -> bool:
    return folder.is_branching and type_of_names(folder.folders) not in ("source", "view")


def _wrapper(top: LayoutFolder, root: LayoutFolder) -> LayoutProblem | None:
    end = top.innermost()
    has_parts = any(part_in_words(name) for name in end.folders)
    if not end.is_branching or not (has_parts or _may_be_classes(end)):
        return None
    found = "all its pictures" if top.pictures == root.pictures else "nearly all its pictures"
    message = f"has {found} in its folder {end.text}, and the folders in there are probably the classes or parts"
    message = f"{message}: {_names(end.folders)}"
    return LayoutProblem(message=message, folder=end.text)


def _main_folder(tops: Sequence[LayoutFolder], root: LayoutFolder, root_name: str) -> LayoutProblem | None:
    """Find a folder of all pictures that has a general name, or that of the root, and only a few pictures beside it."""
    top = max(tops, key=lambda top: top.pictures)
    is_general = folded(top.path[-1]) in IMAGE_FOLDERS | {folded(root_name)}
    return _wrapper(top, root) if is_general and top.pictures >= (1 - _STRAY) * root.pictures else None


def _annotated(tops: Sequence[LayoutFolder]) -> LayoutProblem | None:
    """Find pictures beside annotations that are pictures as well, such as masks."""
    pictures = [top for top in tops if folded(top.path[-1]) in IMAGE_FOLDERS]
    annotations = [top for top in tops if folded(top.path[-1]) in ANNOTATION_FOLDERS]
    if not (pictures and annotations) or len(pictures) + len(annotations) < len(tops):
        return None
    end = max(pictures, key=lambda top: top.pictures).innermost()
    message = f"has pictures and annotations, not classes, in {_listed(tops)}"
    return LayoutProblem(message=message, folder=end.text if end.is_branching else "")


def _named_parts(tops: Sequence[LayoutFolder]) -> LayoutProblem | None:
    """Find folders that contain the name of a part, as in `seg_train`, and in them folders."""
    named = {top.path[-1]: part_in_words(top.path[-1]) for top in tops}
    branching = [top for top in tops if named[top.path[-1]] and top.innermost().is_branching]
    others = [folded(name) for name, part in named.items() if not part]
    beside = all(name in UNLABELLED_FOLDERS | ANNOTATION_FOLDERS for name in others)
    if not branching or not (beside or len(set(named.values()) - {None}) > 1):
        return None
    if others and not beside and len(branching) < 2:
        return None
    message = f"has folders that are named like parts and hold {_names(branching[0].innermost().folders)}"
    return LayoutProblem(message=f"{message}: {_listed(tops)}", parts_of=_parts_of(tops))


def _same_names(tops: Sequence[LayoutFolder]) -> LayoutProblem | None:
    """Find folders that hold folders of the same names, which are then the classes, unless they are sessions."""
    ends = [end for top in tops if (end := top.innermost()).is_branching]
    if len(ends) < 2 or sum(end.pictures for end in ends) < _ALIKE * sum(top.pictures for top in tops):
        return None
    common = _common_names(ends)
    outer = type_of_names(end.path[len(tops[0].path) - 1] for end in ends)
    if not common:
        are_classes = type_of_names(name for end in ends for name in end.folders) == "class"
        return _sources(tops, ends, "different classes") if are_classes and outer in ("source", "series") else None
    if len({part_in_words(name) for name in common} - {None}) > 1:
        return _several_sets(tops, ends, common)
    inner = type_of_names(common)
    is_refused = {
        "class": outer not in ("class", "view") or len(common) >= len(ends),
        "number": outer in ("source", "series") or (outer == "number" and len(common) > len(ends)),
    }
    return _sources(tops, ends, f"the same folders ({_names(common)})") if is_refused.get(inner) else None


def _several_sets(
    tops: Sequence[LayoutFolder], ends: Sequence[LayoutFolder], common: Sequence[str]
) -> LayoutProblem | None:
    if not any(child.is_branching for end in ends for child in end.folders.values()):
        return None  # parts in class folders
    message = f"has several sets, each with its own parts: {_listed(tops)} hold {_names(common)}"
    return LayoutProblem(message=message, folder=ends[0].text)


def _common_names(folders: Sequence[LayoutFolder]) -> list[str]:
    """Return the names of folders that most of the given folders contain, if these are nearly all."""
    shown = {folded(name): normalise_label(name) for folder in folders for name in folder.folders}
    counts = Counter(key for folder in folders for key in {folded(name) for name in folder.folders})
    common = [key for key, count in counts.items() if count >= max(2, len(folders) / 2)]
    usual = sorted(len(folder.folders) for folder in folders)[(len(folders) - 1) // 2]
    return [shown[key] for key in common] if len(common) >= max(2, _ALIKE * usual) else []


def _sources(tops: Sequence[LayoutFolder], ends: Sequence[LayoutFolder], held: str) -> LayoutProblem:
    return LayoutProblem(
        message=f"has folders that are probably parts or sources, not classes: {_listed(tops)} hold {held}",
        folder=max(ends, key=lambda end: (part_in_words(end.path[-1]) == _PARTS[0], end.pictures)).text,
        parts_of=_parts_of(tops) if len(tops) <= len(_PARTS) else {},
    )


def _parts_of(tops: Sequence[LayoutFolder]) -> dict[str, str]:
    """Propose parts for folders: by their names, else the largest for training."""
    found: dict[str, str] = {}
    ordered = sorted(tops, key=lambda top: -top.pictures)
    for top in ordered:
        part = part_in_words(top.path[-1])
        if part:
            found.setdefault(part, top.innermost().text if top.innermost().is_branching else top.text)
    if found:
        return {part: found[part] for part in _PARTS if part in found}
    return {part: top.innermost().text for part, top in zip(_PARTS, ordered, strict=False)}


def _listed(folders: Sequence[LayoutFolder]) -> str:
    return _names(folder.text for folder in folders)


def _names(names: Iterable[str], most: int = 5) -> str:
    """List names, with a number in place of those after the first few."""
    names = order_labels(map(normalise_label, names))
    shown = names if len(names) <= most + 1 else [*names[:most], f"{len(names) - most} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
