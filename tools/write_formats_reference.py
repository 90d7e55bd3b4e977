"""Fill the generated tables of docs/formats/. Usage: python -m tools.write_formats_reference.

The pages are written by hand, except for what stands between `<!-- NAME -->` and `<!-- end -->`: tables from the code
that reads and writes the formats.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

from tools.docstrings import markdown_table, parse_docstring
from tools.format_tables import Row, in_json, nested, rows, section, table, type_text

from discern import errors
from discern.bundle import DisplayName, Manifest, Thresholds
from discern.catalog.account import Account
from discern.catalog.fixes import Fix
from discern.checking.registry import CHECKS
from discern.evaluating import ClassificationMetrics, Metrics, UnknownMetrics
from discern.flow.evaluate.result import EvaluateResult
from discern.flow.prepare import PrepareConfig
from discern.heads import HeadConfig
from discern.inference.error_status import http_status
from discern.picture import Recipe
from discern.reporting.sections.check_descriptions import CHECKS as DESCRIPTIONS
from discern.splitting import SplitConfig
from discern.training import MethodConfig, TrainConfig

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "formats"
_MARKED = re.compile(r"^<!-- ([\w-]+) -->\n.*?^<!-- end -->$", re.MULTILINE | re.DOTALL)
_DECISIONS = {
    "unknown": "[unknown metrics](#unknown-metrics) or null",
    "policy": "[measured policy](#measured-policy) or null",
    "conformal": "[measured sets](#measured-sets) or null",
    "ordered": "[measured order](#measured-order) or null",
    "counts": "[measured counts](#measured-counts) or null",
    "intervals": "object of [interval](#interval)",
    "against": "list of [comparison](#comparison)",
    "ece": "[calibration error](#calibration-error)",
    "reliability": "list of [reliability bin](#reliability-bin)",
}
# `run.json` and the bundle have the content of these files, too.
_FILES = dict.fromkeys(("fixes", "names", "weights"), "[file](#file) or null")


def main() -> None:
    """Write the pages."""
    for path in pages():
        path.write_text(page(path), encoding="utf-8")


def pages() -> list[Path]:
    """Return the paths of the pages."""
    return sorted(FOLDER.glob("*.md"))


def page(path: Path) -> str:
    """Return a page as Markdown, with its generated tables as they must be.

    Raises:
        KeyError: nothing generates a table of that name.
        ValueError: a description is missing, or belongs to nothing.
    """

    def fill(found: re.Match[str]) -> str:
        lines = "\n".join(GENERATED[found[1]]()).rstrip()
        return f"<!-- {found[1]} -->\n\n{lines}\n\n<!-- end -->"

    return _MARKED.sub(fill, path.read_text(encoding="utf-8"))


def _metrics() -> list[str]:
    inner = [line for class_ in nested(Metrics) for line in section(class_)]
    return [*table(rows(Metrics)), *inner]


def _evaluation() -> list[str]:
    entries = list(_evaluation_rows())
    return [*table(entries), *section(UnknownMetrics)]


def _evaluation_rows() -> Iterator[Row]:
    """Yield the keys that `evaluate --json` documents, with the types of the attributes that they come from."""
    hints = get_type_hints(EvaluateResult) | get_type_hints(ClassificationMetrics)
    for key, meaning in parse_docstring(EvaluateResult.to_json).entries("Keys").items():
        yield f"`{key}`", _DECISIONS.get(key) or type_text(hints[key]), in_json(meaning)
    attributes = parse_docstring(EvaluateResult).entries("Attributes")
    yield (
        "`ungrouped`",
        "integer, optional",
        in_json(attributes["ungrouped"]).replace("null without", "missing without"),
    )
    yield "`taken_for`", "object of strings, optional", in_json(attributes["taken_for"])


def _account() -> list[str]:
    entries = [row for row in rows(Account) if row[0] != "`ungrouped`"]
    ungrouped = next(meaning for key, _, meaning in rows(Account) if key == "`ungrouped`")
    entries.append(("`unreadable`", "integer", "number of unreadable files, as in `left_out`."))
    return table([*entries, ("`ungrouped`", "integer, optional", ungrouped.replace("null without", "missing without"))])


def _config() -> list[str]:
    prepared = [(key, _FILES.get(key.strip("`"), kind), meaning) for key, kind, meaning in rows(PrepareConfig)]
    return [
        "`check`, `split` and `train` record how they read the pictures:",
        "",
        *table(prepared),
        "`train` adds these:",
        "",
        *_training(),
    ]


def _manifest() -> list[str]:
    kinds = {
        "policy": "[policy](#policy) or null",
        "unknown": "[unknown](#unknown)",
        "metrics": "[metrics](#metrics)",
        "data": "[data](#data)",
        "backbone": "[backbone](#backbone)",
        "config": "[configuration](#configuration)",
        "names": "object of [display name](#display-name)",
    }
    entries: list[Row] = [("`format`", "integer", "version of the format; 1.")]
    entries += [(key, kinds.get(key.strip("`"), kind), meaning) for key, kind, meaning in rows(Manifest)]
    recipe = [(key, f"{kind}, optional" if key == "`white`" else kind, meaning) for key, kind, meaning in rows(Recipe)]
    summary = parse_docstring(Recipe).summary
    return [*table(entries), "### Recipe", "", summary, "", *table(recipe), *section(Thresholds), *section(DisplayName)]


def _configuration() -> list[str]:
    return _training()


def _training() -> list[str]:
    split = section(SplitConfig, level="####")
    return [
        *table(rows(TrainConfig, leave_out=("method", "folds"))),
        *(line.replace("`draw_test` | boolean |", "`draw_test` | boolean, optional |") for line in split),
        *section(HeadConfig, level="####"),
        "#### Method settings",
        "",
        "The training method and its settings stand among these keys where they are given; a preset stands beside the",
        "settings that it is made of. Without `method`, it is `probe`.",
        "",
        *table(_method_settings()),
    ]


def _method_settings() -> Iterator[Row]:
    asked = (row for row in rows(TrainConfig) if row[0] == "`folds`")
    for key, kind, meaning in (*rows(MethodConfig), *asked):
        written = "`method`" if key == "`name`" else key
        yield written, f"{kind.removesuffix(' or null')}, optional", meaning.split("; null")[0].removesuffix(".") + "."


def _fixes() -> list[str]:
    names = {"other": "with"}
    return markdown_table(
        ("Column", "Type", "Meaning"),
        ((f"`{names.get(key.strip('`'), key.strip('`'))}`", kind, meaning) for key, kind, meaning in rows(Fix)),
    )


def _checks() -> list[str]:
    return markdown_table(
        ("Check", "Finding", "Remedy"),
        (
            (f"`{check.__name__}`", DESCRIPTIONS[check.__name__].title, DESCRIPTIONS[check.__name__].remedy)
            for check in CHECKS
        ),
    )


def _errors() -> list[str]:
    """Return the errors that a server sends: those of pictures, requests and bundles, and unexpected ones."""
    families = (errors.PictureError, errors.RequestError, errors.BundleError)
    never = (errors.PictureError, errors.RequestError, errors.Unreachable)
    kinds = [kind for family in families for kind in (family, *_family(family)) if kind not in never]
    summaries = ((kind, parse_docstring(kind).summary.removeprefix("Error for ")) for kind in kinds)
    entries = [(f"`{kind.code}`", str(http_status(kind(""))), summary) for kind, summary in summaries]
    unexpected = errors.DiscernError("")
    entries.append((f"`{unexpected.code}`", str(http_status(unexpected)), "unexpected errors, which the log explains."))
    return markdown_table(("Code", "Status", "Sent for"), entries)


def _family(kind: type[errors.DiscernError]) -> Iterator[Any]:
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield inner
            yield from _family(inner)


GENERATED: dict[str, Callable[[], list[str]]] = {
    "metrics": _metrics,
    "evaluation": _evaluation,
    "account": _account,
    "run-configuration": _config,
    "manifest": _manifest,
    "bundle-configuration": _configuration,
    "fixes": _fixes,
    "checks": _checks,
    "errors": _errors,
}

if __name__ == "__main__":
    main()
