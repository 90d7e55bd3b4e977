"""Functions that write the comparison of training runs as an HTML file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from discern.reporting.display_names import DisplayNames
from discern.reporting.formatting import percentage_points, plural
from discern.reporting.render_html import write_page
from discern.reporting.sections.compared_runs import class_rows_of_runs, confusions, pair_rows, run_rows

if TYPE_CHECKING:
    from discern.evaluating import ComparedModel, ComparedPair


def write_comparison_page(
    path: str | Path,
    *,
    title: str,
    models: Sequence["ComparedModel"],
    pairs: Sequence["ComparedPair"],
    recommended: "ComparedModel",
    why: str,
    notes: Sequence[str],
    uses: tuple[int, int],
    failed: Sequence[tuple[str, str]] = (),
) -> None:
    """Write the HTML page on the comparison of training runs.

    Args:
        path: output file; an existing one is replaced only when the new one is complete.
        title: title of the page.
        models: figures of each run.
        pairs: differences of each two.
        recommended: the one to ship.
        why: what to ship and why, in a sentence.
        notes: sentences on what is compared, and on what is not.
        uses: number of comparisons that used the same pictures, and of models in them.
        failed: methods that gave no model, and why.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    rows, reach = pair_rows(pairs)
    write_page(
        path,
        "comparison.html",
        names=DisplayNames.from_metrics(recommended.stated.names),
        anchors={},
        title=title,
        why=why,
        notes=notes,
        basis=models[0].metrics,
        runs=run_rows(models, recommended),
        uses=f"They have been used in {plural(uses[0], 'comparison')} of {plural(uses[1], 'model')}.",
        failed=failed,
        cost=recommended.cost,
        validated=recommended.validation is not None,
        numbers=any(each.mae is not None for each in models),
        gates=any(each.stated.negatives is not None for each in models),
        pairs=rows,
        reach=[percentage_points(share) for share in (-reach, 0.0, reach)],
        classes=class_rows_of_runs(models, pairs),
        confusions=confusions(models),
    )
