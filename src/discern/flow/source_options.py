"""Options that determine how a source of pictures is read, and the scan that applies them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict

from discern.catalog import Catalog, scan
from discern.catalog.class_rules import ClassRules, parse_classes
from discern.catalog.labels.resolve import LayoutRules
from discern.catalog.path_groups import check_pattern, group_by_path
from discern.errors import UsageError
from discern.flow.run import is_own
from discern.progress import Progress
from discern.splitting import PARTS


class SourceKeywords(TypedDict, total=False):
    """Keyword arguments of `SourceOptions.checked`, as users pass them."""

    parts_of: Mapping[str, str] | None
    group_by: str | None
    classes: str | Path | Sequence[str] | None
    label_from: str | None


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """Options that determine how a source of pictures is read.

    Attributes:
        parts_of: folders of parts, by part; empty if all outermost folders are classes; None to go by their names.
        group_by: regular expression that finds the group of a picture in its path; None to use declared groups.
        classes: labels of the classes that are used; None for all.
        label_from: key of the label in JSON files that belong to pictures, or column of a list; None for the usual.
    """

    parts_of: dict[str, str] | None = None
    group_by: str | None = None
    classes: tuple[str, ...] | None = None
    label_from: str | None = None

    @classmethod
    def checked(
        cls,
        *,
        parts_of: Mapping[str, str] | None = None,
        group_by: str | None = None,
        classes: str | Path | Sequence[str] | None = None,
        label_from: str | None = None,
    ) -> Self:
        """Create the options from the values that a user passed.

        Raises:
            UsageError: `group_by` is not a regular expression, `parts_of` names a part that does not exist, `classes`
                names none, or `label_from` is blank.
        """
        if label_from is not None and not label_from.strip():
            raise UsageError("The key of the label is blank.", hint="Write it like --label-from EXPECTED_QUANTITY.")
        return cls(
            label_from=label_from,
            parts_of=None if parts_of is None else _check_parts(parts_of),
            group_by=None if group_by is None else check_pattern(group_by),
            classes=None if classes is None else parse_classes(classes),
        )


def scan_source(
    source: Path,
    options: SourceOptions = SourceOptions(),
    *,
    cache: Path,
    progress: Progress,
    strict: bool = False,
    labels: bool = True,
    aliases: Mapping[str, str] | None = None,
    replaces_aliases: bool = True,
    relabelled: Mapping[str, str] | None = None,
) -> Catalog:
    """Scan a source of pictures as its options determine.

    Args:
        source: absolute path of the source.
        options: options of the source.
        cache: directory of the cache of facts and thumbnails.
        progress: called with the stage, files done and files in all.
        strict: whether a layout is refused if its folders are probably not classes.
        labels: whether labels matter; if not, a list needs none.
        aliases: label that stands for each alias.
        replaces_aliases: whether labels that are aliases are replaced; if not, they matter for `options.classes` alone.
        relabelled: labels that fixes give to pictures, by path, which decide whether their class is used.

    Raises:
        CatalogError: the source cannot be read, contains no readable picture, or its layout is refused.
        UsageError: an option does not fit the source.
    """
    layout = LayoutRules(parts_of=options.parts_of, strict=strict, label_from=options.label_from)
    classes = ClassRules(
        names=options.classes,
        aliases=aliases or {},
        relabelled=relabelled or {},
        replaces_aliases=replaces_aliases,
    )
    catalog = scan(
        source, cache=cache, progress=progress, leave_out=is_own, labels=labels, layout=layout, classes=classes
    )
    return catalog if options.group_by is None else group_by_path(catalog, options.group_by, source)


def _check_parts(parts_of: Mapping[str, str]) -> dict[str, str]:
    for part, folder in parts_of.items():
        if part not in PARTS or not folder:
            raise UsageError(
                f"Invalid folder of a part: {part}={folder}.",
                hint=f"The parts are {', '.join(PARTS)}; write --parts-of train=FOLDER,test=FOLDER.",
            )
    return dict(parts_of)
