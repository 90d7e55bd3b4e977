"""Functions that read display names, spoken names, routes and aliases of class labels (`names.csv`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from discern.catalog.formats.listing.delimited import read_delimited
from discern.catalog.label_text import normalise_label, show_label
from discern.catalog.table import OTHER
from discern.errors import NamesError
from discern.picture import read_bounded

COLUMNS = ("name", "spoken", "route")
_ALIAS = "alias"
_BETWEEN = ";"
_MAX_BYTES = 10 << 20
_MAX_LENGTH = 1000


@dataclass(frozen=True, kw_only=True)
class NameTable:
    """Content of a names.csv.

    Attributes:
        file: name of the file, for messages.
        columns: those of `name`, `spoken` and `route` that it has.
        names: `name`, `spoken` and `route` of each label, "" where the cell is empty or missing.
        aliases: other names of each label that has some.
    """

    file: str
    columns: tuple[str, ...]
    names: dict[str, dict[str, str]]
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def labels_by_alias(self) -> dict[str, str]:
        """Return the label that each alias stands for.

        Raises:
            NamesError: an alias stands for two labels, or is another label.
        """
        found: dict[str, str] = {}
        for label, aliases in self.aliases.items():
            for alias in aliases:
                if alias in self.names or alias == OTHER:
                    raise _contradiction(self.file, alias, f"is an alias of {label!r} and a label itself")
                if found.setdefault(alias, label) != label:
                    raise _contradiction(self.file, alias, f"is an alias of {found[alias]!r} and of {label!r}")
        return found

    def names_of(self, labels: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return the names of those labels that the file lists; none if it has aliases alone.

        Raises:
            NamesError: it lists none of the labels.
        """
        found = {label: self.names[normalise_label(label)] for label in labels if normalise_label(label) in self.names}
        if not found:
            raise NamesError(
                f"{self.file} lists none of the labels {', '.join(labels[:5])}.",
                hint='Spell each label in its column "label" exactly as it is spelt here, in upper and lower case.',
            )
        return found if self.columns else {}

    def aliases_of(self, labels: Iterable[str]) -> dict[str, list[str]]:
        """Return the aliases of those labels that have some."""
        return {label: list(self.aliases[label]) for label in labels if label in self.aliases}


def read_names(path: Path, labels: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read the display names, spoken names and routes of class labels from a CSV file.

    Args:
        path: the file, as `read_name_table` reads it.
        labels: the data set's labels; other labels in the file are ignored.

    Returns:
        `name`, `spoken` and `route` of each label that the file lists, "" where the cell is empty or missing.

    Raises:
        NamesError: the file cannot be read, has other columns, lists a label twice, or lists none of the labels.
    """
    return read_name_table(path).names_of(labels)


def read_name_table(path: Path) -> NameTable:
    """Read the display names, spoken names, routes and aliases of class labels from a CSV file.

    Args:
        path: UTF-8 CSV with the column `label` and any of `name` (for display), `spoken` (for speech), `route` (a
            destination) and `alias` (other names of the label, separated by semicolons).

    Raises:
        NamesError: the file cannot be read, has other columns, or lists a label twice.
    """
    rows = read_delimited(path.name, _read(path), NamesError, trim=True)
    header = [cell.lower() for cell in rows.header]
    if "label" not in header or not set(header) & {*COLUMNS, _ALIAS} or len(set(header)) < len(header):
        raise NamesError(
            f"{path.name} has the columns {', '.join(rows.header)}, which are not those of a names file.",
            hint="Its first line must be label,name,spoken,route,alias (label and at least one of the others).",
        )
    names: dict[str, dict[str, str]] = {}
    aliases: dict[str, tuple[str, ...]] = {}
    for line, cells in rows.rows:
        row = dict(zip(header, cells, strict=True))
        label = normalise_label(row["label"])
        if label in names:
            raise NamesError(
                f"{path.name}, line {line}: the label {label!r} is listed twice.", hint="Keep one of its rows."
            )
        names[label] = {column: _checked(path, line, row.get(column, "")) for column in COLUMNS}
        others = _split_aliases(_checked(path, line, row.get(_ALIAS, "")), label)
        aliases |= {label: others} if others else {}
    columns = tuple(column for column in COLUMNS if column in header)
    return NameTable(file=path.name, columns=columns, names=names, aliases=aliases)


def _split_aliases(cell: str, label: str) -> tuple[str, ...]:
    names = dict.fromkeys(map(normalise_label, cell.split(_BETWEEN)))
    return tuple(name for name in names if name and name != label)


def _contradiction(file: str, alias: str, why: str) -> NamesError:
    return NamesError(
        f"{file}: {show_label(alias)} {why}.", hint="Each alias must stand for one label; remove it from the other row."
    )


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise NamesError(
                f"{path} is not a file.", hint="Pass a CSV with the columns label,name,spoken,route,alias."
            )
        return read_bounded(path, max_bytes=_MAX_BYTES)
    except OSError as error:
        raise NamesError(
            f"{path} cannot be read: {error.strerror}.", hint="Check its permissions, and that it is the names file."
        ) from error


def _checked(path: Path, line: int, text: str) -> str:
    if len(text) > _MAX_LENGTH or not text.isprintable():
        raise NamesError(
            f"{path.name}, line {line}: {text[:40]!r} is not a valid name.",
            hint=f"Use at most {_MAX_LENGTH} printable characters on one line.",
        )
    return text
