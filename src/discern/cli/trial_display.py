"""Display of the trials of a study: a live table in a terminal, lines of text elsewhere."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from discern.cli.render import one_line, print_now
from discern.cli.tune_lines import describe_params, describe_row
from discern.display.progress_bar import progress_bar
from discern.progress import Progress

if TYPE_CHECKING:
    from discern.evaluating.study_trials import TrialRow

_ENDED = ("done", "pruned", "failed", "interrupted")
_MOST_ROWS = 12

Watch = Callable[[Sequence["TrialRow"]], None]


@contextlib.contextmanager
def trial_display(*, plain: bool) -> Iterator[tuple[Progress, Watch]]:
    """Yield callbacks for the progress of a study and for its trials.

    Args:
        plain: print a line for each trial that ends, where there is no terminal.
    """
    if sys.stderr is not None and sys.stderr.isatty():
        with _LiveTable() as table:
            yield table.progress, table.watch
    else:
        with progress_bar() as progress:
            yield progress, _Lines() if plain else _ignore


def _ignore(rows: Sequence["TrialRow"]) -> None:
    """Show nothing."""


class _Lines:
    """Lines of text, one for each trial that has ended."""

    def __init__(self) -> None:
        self._told: set[int] = set()

    def __call__(self, rows: Sequence["TrialRow"]) -> None:
        for row in rows:
            if row.state in _ENDED and row.number not in self._told:
                self._told.add(row.number)
                print_now(one_line(describe_row(row)))


class _LiveTable:
    """Table of the last trials on standard error, which a bar of the current stage follows."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._stage, self._rows = "", []  # type: ignore[var-annotated]
        self._live = Live(console=Console(stderr=True), transient=True, refresh_per_second=4)

    def __enter__(self) -> "_LiveTable":
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Show the stage and its items."""
        self._stage = f"{stage} {done:,} of {total:,}" if total else stage
        self._live.update(self._draw())

    def watch(self, rows: Sequence["TrialRow"]) -> None:
        """Show the trials."""
        self._rows = list(rows)
        self._live.update(self._draw())

    def _draw(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        if not self._rows:
            return Text(self._stage)
        table = Table("trial", "state", "value", "seconds", "options", box=None, pad_edge=False)
        done = [row for row in self._rows if row.state in _ENDED]
        for row in self._rows[-_MOST_ROWS:]:
            value = "" if row.value is None else f"{row.value:.4f}"
            seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
            table.add_row(str(row.number), row.state, value, seconds, Text(describe_params(row.params)))
        return Group(table, Text(f"{self._stage}: {len(done)} trials ended"))
