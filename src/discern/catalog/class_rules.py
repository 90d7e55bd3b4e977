"""Choice of the classes that are used (`--classes`), and other names under which labels go (aliases)."""

import csv
import difflib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from discern.catalog.formats.listing.delimited import read_delimited, read_lines
from discern.catalog.label_text import label_look, normalise_label, show_label
from discern.catalog.left_out import LeftOut
from discern.catalog.path_text import order_labels
from discern.catalog.table import OTHER
from discern.errors import CatalogError, UsageError
from discern.picture import read_bounded

_COLUMN = "label"
_MAX_BYTES = 10 << 20
# Not tuned: all classes of the usual benchmarks fit, and a message stays readable.
_MOST_LISTED = 110
_MOST_NAMED = 5
_HOW = "Write --classes a,b, or pass a file with one label per line or a CSV with the column label."


@dataclass(frozen=True, kw_only=True)
class ClassRules:
    """Rules for the classes that are used, and for the names under which they go.

    Attributes:
        names: labels of the classes to use, or aliases of these; None for all classes.
        aliases: label that stands for each alias.
        relabelled: labels that fixes give to pictures, by path.
        replaces_aliases: whether labels that are aliases are replaced; if not, aliases matter for `names` alone.
    """

    names: tuple[str, ...] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    relabelled: Mapping[str, str] = field(default_factory=dict)
    replaces_aliases: bool = True

    def replace_aliases(self, files: pl.DataFrame, add_note: Callable[[str], None] = lambda _: None) -> pl.DataFrame:
        """Replace the aliases among the labels of files, and add a note that says which were."""
        found = {label: self.aliases[label] for label in files["label"].drop_nulls().unique() if label in self.aliases}
        if not found or not self.replaces_aliases:
            return files
        add_note(describe_aliases(found))
        return files.with_columns(pl.col("label").replace(found))

    def is_other(self, files: pl.DataFrame) -> pl.Series:
        """Return a boolean mask of the files whose label is that of a class that is not used.

        Files without a label, and negatives, are not of another class.

        Args:
            files: table of all files with the columns path and label.

        Raises:
            UsageError: no file has the label of a chosen class.
        """
        if self.names is None:
            return pl.repeat(value=False, n=len(files), eager=True)
        label = files["label"].replace(dict(self.aliases)) if self.aliases else files["label"]
        if self.relabelled:
            known = pl.col("path").replace_strict(
                dict(self.relabelled), default=pl.col("label"), return_dtype=pl.String
            )
            label = files.select(known).to_series()
        used = self._chosen({*files["label"].drop_nulls(), *label.drop_nulls()})
        return (label.is_not_null() & ~label.is_in([*used, OTHER])).fill_null(value=False)

    def split(self, files: pl.DataFrame) -> tuple[pl.DataFrame, list[LeftOut]]:
        """Split files into those that are used and a list of those of other classes.

        Raises:
            UsageError: no file has the label of a chosen class.
        """
        other = self.is_other(files)
        rows = files.filter(other).select("path", "label").iter_rows()
        return files.filter(~other), [
            LeftOut(path, "class_not_chosen", f"Its label is {label}.") for path, label in rows
        ]

    def _chosen(self, found: Iterable[str]) -> set[str]:
        """Return the labels of the chosen classes."""
        classes = set(found) - {OTHER}
        chosen = {name: self.aliases.get(name, name) for name in self.names or () if name != OTHER}
        unknown = [name for name, label in chosen.items() if label not in classes]
        if unknown:
            raise _unknown_error(unknown, classes)
        return set(chosen.values())


def parse_classes(given: str | Path | Sequence[str]) -> tuple[str, ...]:
    """Parse the labels of classes as users give them.

    Args:
        given: labels separated by commas, in double quotes where they contain commas; the path of a file with one label
            per line, or of a table with the column `label`; or a sequence of labels.

    Returns:
        The labels, each once, as catalogs spell labels.

    Raises:
        UsageError: there are none, one is blank, or the file cannot be read.
    """
    if isinstance(given, str | Path):
        labels = _read(Path(given)) if _is_file(given) else _split(str(given))
    else:
        labels = list(given)
    if not all(isinstance(label, str) for label in labels):
        raise UsageError("The names of classes must be text.", hint='Pass labels such as ["1", "2"].')
    names = list(map(normalise_label, labels))
    if not names or not all(names):
        raise UsageError(f"Invalid classes: {str(given)[:80]!r} names none, or has a blank name.", hint=_HOW)
    return tuple(dict.fromkeys(names))


def describe_aliases(taken: Mapping[str, str]) -> str:
    """Describe in a sentence which labels were taken for others.

    >>> describe_aliases({"1": "motorcycle", "0": "bicycle"})
    'By their aliases, 0 was taken for bicycle, and 1 for motorcycle.'
    """
    first, *others = ((show_label(alias), show_label(taken[alias])) for alias in order_labels(taken))
    named = [f"{first[0]} was taken for {first[1]}", *(f"{alias} for {label}" for alias, label in others)]
    if len(named) > _MOST_NAMED:
        named = [*named[:_MOST_NAMED], f"{len(named) - _MOST_NAMED} more for others"]
    listed = ", ".join(named[:-1]) + f", and {named[-1]}" if others else named[0]
    return f"By {'their aliases' if others else 'its alias'}, {listed}."


def format_classes(names: Iterable[str]) -> str:
    """Format labels as one text that `parse_classes` reads.

    >>> format_classes(["bicycle", "a, b"])
    'bicycle,"a, b"'
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()


def _split(given: str) -> list[str]:
    try:
        rows = list(csv.reader([given], skipinitialspace=True))
    except csv.Error as error:
        raise UsageError(f"Invalid classes: {given[:80]!r} ({error}).", hint=_HOW) from error
    return rows[0] if rows else []


def _is_file(given: str | Path) -> bool:
    try:
        return Path(given).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def _read(path: Path) -> list[str]:
    """Read labels from a file with one per line, or from a table with a column of labels."""
    path = path.expanduser()
    try:
        data = read_bounded(path, max_bytes=_MAX_BYTES)
        lines = [text for _, text in read_lines(path.name, data, CatalogError)]
        if lines and _COLUMN in lines[0].lower():
            table = read_delimited(path.name, data, CatalogError, trim=True)
            header = [cell.lower() for cell in table.header]
            if header.count(_COLUMN) == 1:
                at = header.index(_COLUMN)
                return [cells[at] for _, cells in table.rows if cells[at]]
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    except CatalogError as error:
        raise UsageError(f"The classes cannot be read: {error.message}", hint=error.hint) from error
    if path.suffix.lower() != ".csv":
        return lines
    cells = [each for line in lines for each in _split(line)]
    if len(cells) > len(lines):
        raise UsageError(f"{path.name} has several columns, but none is called {_COLUMN}.", hint=_HOW)
    return cells


def _unknown_error(unknown: Sequence[str], classes: set[str]) -> UsageError:
    looks = {label_look(label): label for label in classes}
    near = [
        label
        for name in unknown
        for label in (looks[look] for look in difflib.get_close_matches(label_look(name), looks, n=2))
    ]
    names = ", ".join(map(show_label, unknown[:_MOST_NAMED]))
    more = f" and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
    ordered = order_labels(classes)
    listed = ", ".join(map(show_label, ordered[:_MOST_LISTED])) or "none"
    rest = f" and {len(ordered) - _MOST_LISTED} more" if len(ordered) > _MOST_LISTED else ""
    meant = f"Did you mean {', '.join(map(show_label, dict.fromkeys(near)))}? " if near else ""
    is_path = any(name.lower().endswith((".txt", ".csv", ".tsv")) for name in unknown)
    missing = "There is no such file. " if is_path else ""
    return UsageError(
        f"No picture has the label {names}{more}, which --classes names.",
        hint=f"{missing}{meant}The labels are: {listed}{rest}.",
    )
