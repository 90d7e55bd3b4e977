"""Pictures of classes that are not used are found before anything is decoded."""

from pathlib import Path

import pytest

from discern.catalog.class_rules import ClassRules
from discern.catalog.formats.folder_source import FolderSource
from discern.catalog.labels.preview import find_other_classes
from discern.catalog.labels.resolve import LayoutRules
from discern.errors import UsageError
from discern.picture import Limits
from tests.unit.catalog.factories import picture, write_files

CLASSES = ClassRules(names=("a",))


def others(folder: Path, classes: ClassRules = CLASSES) -> frozenset[str]:
    return find_other_classes(FolderSource(folder, limits=Limits()), LayoutRules(), classes)


def test_pictures_are_found_by_name_and_content_alone(folder: Path) -> None:
    damaged = b"not read"
    write_files(folder, {"a/1.png": damaged, "b/1.png": damaged, "b/2.strange": picture(1), "b/note.txt": b"text"})
    assert others(folder) == {"b/1.png", "b/2.strange"}


def test_all_classes_need_no_preview(folder: Path) -> None:
    write_files(folder, {"a/1.png": b"", "b/1.png": b""})
    assert others(folder, ClassRules()) == frozenset()


def test_the_source_stays_as_it_is(folder: Path) -> None:
    write_files(folder, {"a/1.png": picture(1), "b/1.png": picture(2), ".hidden": b"", "metadata.csv": b"path,label\n"})
    source = FolderSource(folder, limits=Limits())
    before = list(source.left_out)
    find_other_classes(source, LayoutRules(), CLASSES)
    assert (source.left_out, source.notes) == (before, [])


def test_unknown_classes_are_refused_before_decoding(folder: Path) -> None:
    write_files(folder, {"a/1.png": b"", "b/1.png": b""})
    with pytest.raises(UsageError, match="No picture has the label c"):
        others(folder, ClassRules(names=("c",)))
