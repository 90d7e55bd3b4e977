"""Functions that give a trained model other class labels (`discern rename`)."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from discern.bundle import Manifest, archive
from discern.bundle.manifest import digests
from discern.bundle.manifest_schema import check_labels
from discern.bundle.prediction_sets import numbers_of, order_scale
from discern.bundle.renamed_manifest import rename_manifest
from discern.catalog.label_names import COLUMNS, NameTable, read_name_table
from discern.catalog.label_text import show_label
from discern.display.displayed import Displayed
from discern.errors import NamesError, RunError, UsageError
from discern.flow.bucket_outputs import writes_to_buckets
from discern.flow.paths import is_folder, resolve_output, resolve_path
from discern.training.card import write_card

_MOST_NAMED = 10


@dataclass(frozen=True, kw_only=True, repr=False)
class RenameResult(Displayed):
    """Result of `discern.rename`.

    Attributes:
        bundle: path of the new bundle.
        fingerprint: its fingerprint.
        renamed_from: fingerprint of the bundle that it was made from.
        labels: new label of each old label that has changed.
        notes: sentences about what the new labels cannot do.
    """

    bundle: Path
    fingerprint: str
    renamed_from: str
    labels: dict[str, str]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            bundle: absolute path of the new bundle.
            fingerprint: its fingerprint, 64 hexadecimal digits.
            renamed_from: fingerprint of the bundle that it was made from.
            labels: new label of each old label that has changed.
        """
        plain = asdict(self) | {"bundle": str(self.bundle)}
        del plain["notes"]
        return plain


@writes_to_buckets("out")
def rename(bundle: str | Path, names: str | Path, out: str | Path) -> RenameResult:
    """Write a copy of a model bundle with other labels, display names, spoken names or routes, without training.

    The graph, thresholds and golden vectors stay, so that predictions differ in names alone. Old labels become aliases,
    by which `evaluate` matches pictures that are labelled as before.

    Args:
        bundle: path of a bundle; never changed.
        names: CSV with the old label in `alias` and the new one in `label`, and any of `name`, `spoken` and `route`.
            Columns that it lacks, and labels that it does not list, stay as they are.
        out: file to write, which must not exist.

    Raises:
        BundleError: the bundle cannot be used.
        NamesError: the file cannot be used, lists a label that the bundle lacks, or gives two labels the same name.
        UsageError: `out` is the bundle itself, exists, or is a folder; or numbers on an ordinal scale would be lost.
        RunError: the new bundle cannot be written.
    """
    source, target, table = resolve_path(bundle), resolve_output(out), read_name_table(resolve_path(names))
    members = archive.unpack(source)
    manifest = Manifest.from_bytes(members[archive.MANIFEST])
    _require_free(target, source)
    renamed = _match(table, manifest)
    fingerprint = archive.fingerprint(members)
    made = rename_manifest(
        manifest,
        renamed,
        fingerprint=fingerprint,
        names=_names(table, manifest, renamed),
        aliases=_aliases(table, manifest, renamed),
    )
    if (made.labels, made.names, made.aliases) == (manifest.labels, manifest.names, manifest.aliases):
        raise NamesError(
            f"{table.file} changes nothing.", hint="Write old labels into the column alias, and new ones into label."
        )
    kept = {name: data for name, data in members.items() if name != archive.MANIFEST}
    kept["CARD.md"] = write_card(made).encode()
    _write(target, made, kept)
    return RenameResult(
        bundle=target,
        fingerprint=archive.fingerprint(archive.unpack(target)),
        renamed_from=fingerprint,
        labels={old: new for old, new in renamed.items() if old != new},
        notes=tuple(_notes(manifest.labels, made.labels)),
    )


def _require_free(target: Path, source: Path) -> None:
    if is_folder(target):
        raise UsageError(f"{target} is a folder.", hint="Pass the path of a new file with --out.")
    if not os.path.lexists(target):
        return
    same = target.exists() and target.samefile(source)
    problem = "is the bundle itself, which is not changed" if same else "exists"
    raise UsageError(f"{target} {problem}.", hint="Pass the path of a new file with --out.")


def _match(table: NameTable, manifest: Manifest) -> dict[str, str]:
    """Return the new label of each label of a model.

    Raises:
        NamesError: the table lists a label that the model lacks, or two labels would become one.
        UsageError: labels that are numbers on an ordinal scale would lose or change them.
    """
    known = set(manifest.labels)
    new: dict[str, str] = {}
    for label in table.names:
        old = [alias for alias in table.aliases.get(label, ()) if alias in known] or [label]
        if old == [label] and label not in known:
            wanted = table.aliases.get(label) or (label,)
            raise NamesError(
                f"{table.file}: the bundle has no label {' or '.join(map(show_label, wanted))}.",
                hint=f"Write one of its labels into the column alias: {_listed(manifest.labels)}.",
            )
        for each in old:
            if new.setdefault(each, label) != label:
                raise NamesError(
                    f"{table.file}: {show_label(each)} would become {show_label(new[each])} and {show_label(label)}.",
                    hint="Keep one of the rows.",
                )
    renamed = {label: new.get(label, label) for label in manifest.labels}
    _require_distinct(table, renamed)
    _require_scale(manifest, tuple(renamed.values()))
    return renamed


def _require_distinct(table: NameTable, renamed: dict[str, str]) -> None:
    by_new: dict[str, str] = {}
    for old, label in renamed.items():
        if label in by_new:
            raise NamesError(
                f"{table.file}: {show_label(by_new[label])} and {show_label(old)} would both become "
                f"{show_label(label)}.",
                hint="A model cannot join classes: keep the labels different, and give them the same route or name.",
            )
        by_new[label] = old
    try:
        check_labels(list(renamed.values()))
    except ValueError as error:
        raise NamesError(f"A model cannot have these labels: {error}.", hint="Choose other labels.") from error


def _require_scale(manifest: Manifest, labels: Sequence[str]) -> None:
    if not manifest.ordered or order_scale(manifest.labels) == order_scale(labels):
        return
    if numbers_of(manifest.labels) is None:
        message = "The labels are ordered without being numbers, and the new ones are numbers."
    else:
        message = f"The labels {_listed(manifest.labels)} are numbers on an ordinal scale, which the new ones are not."
    raise UsageError(
        f"{message} The value on the scale would change in every prediction.",
        hint="Keep the labels, and write what is displayed and spoken into the columns name and spoken.",
    )


def _names(table: NameTable, manifest: Manifest, renamed: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the display names of new labels: those of the table, else those of the bundle."""
    found = {}
    for old, label in renamed.items():
        before, row = manifest.names.get(old), table.names.get(label)
        given = {} if row is None else {column: row[column] for column in table.columns}
        if before is not None or given:
            found[label] = dict.fromkeys(COLUMNS, "") | (before or {}) | given
    return found


def _aliases(table: NameTable, manifest: Manifest, renamed: dict[str, str]) -> dict[str, list[str]]:
    """Return the other names of new labels, old labels first, without those that are a new label themselves."""
    taken = set(renamed.values())
    found: dict[str, list[str]] = {}
    for old, label in renamed.items():
        for alias in (old, *manifest.aliases.get(old, ()), *table.aliases.get(label, ())):
            if alias not in taken:
                taken.add(alias)
                found.setdefault(label, []).append(alias)
    return found


def _write(target: Path, manifest: Manifest, members: dict[str, bytes]) -> None:
    whole = members | {archive.MANIFEST: replace(manifest, members=digests(members)).to_bytes()}
    Manifest.from_bytes(whole[archive.MANIFEST])
    try:
        archive.write(target, whole)
    except OSError as error:
        raise RunError(
            f"{target} cannot be written: {error.strerror or error}.", hint="Choose another path with --out."
        ) from error


def _notes(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    if numbers_of(before) is not None and numbers_of(before) != numbers_of(after):
        yield "The labels are no longer the numbers that they were: `evaluate` measures no errors in those numbers."


def _listed(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _MOST_NAMED} more" if len(labels) > _MOST_NAMED else ""
    return ", ".join(map(show_label, labels[:_MOST_NAMED])) + more
