"""Functions that match labels of pictures with the labels of a model, by their aliases."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from discern.catalog.label_names import NameTable, read_name_table
from discern.catalog.label_text import show_label
from discern.errors import NamesError


@dataclass(frozen=True, kw_only=True)
class Aliases:
    """Aliases of labels that a user passes to an evaluation.

    Attributes:
        aliases: other names of each label.
        file: name of their file, for messages.
    """

    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    file: str = ""

    @classmethod
    def read(cls, path: Path) -> "Aliases":
        """Read the aliases in a names.csv.

        Raises:
            NamesError: the file cannot be read, has no aliases, or contradicts itself.
        """
        table: NameTable = read_name_table(path)
        if not table.labels_by_alias():
            raise NamesError(
                f"{path.name} has no aliases.", hint='Write other names of each label into a column "alias".'
            )
        return cls(aliases=table.aliases, file=path.name)

    def match(self, labels: Sequence[str], own: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Return the label of a model that each other name stands for.

        A name in a row of the file is a label of the model, or stands for the one in the same row. The model's own
        aliases count where the file says nothing.

        Args:
            labels: labels of the model.
            own: aliases of the model's labels that its bundle has.

        Raises:
            NamesError: a row of the file names two labels of the model.
        """
        known = set(labels)
        found = {alias: label for label in labels for alias in own.get(label, ()) if alias not in known}
        for names in self._rows():
            of_model = sorted(known & names)
            if len(of_model) > 1:
                raise NamesError(
                    f"{self.file} takes {' and '.join(map(show_label, of_model))} for one class, but the bundle has "
                    "both labels.",
                    hint="Correct the column alias, or leave out --names.",
                )
            found |= {name: label for label in of_model for name in names - known}
        return found

    def _rows(self) -> Iterable[set[str]]:
        for label, aliases in self.aliases.items():
            yield {label, *aliases}
