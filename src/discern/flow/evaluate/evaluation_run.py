"""Run folders of evaluations, with the HTML page and the metrics."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from discern.buckets.bucket_address import find_bucket_address
from discern.buckets.mirror import address_of
from discern.catalog.account import Account, list_left_out
from discern.catalog.left_out import LEFT_OUT, write_left_out
from discern.errors import UsageError
from discern.flow.evaluate.evaluation_answers import Viewer, collect_answers, tabulate_negatives
from discern.flow.evaluate.evaluator import Evaluation, Evaluator
from discern.flow.evaluate.models import EvaluatedModel
from discern.flow.evaluate.result import EvaluateResult
from discern.flow.paths import resolve_output, resolve_path
from discern.flow.run import Run
from discern.flow.source_options import SourceOptions
from discern.progress import Progress
from discern.reporting import write_evaluation_page
from discern.reporting.account_text import describe_account
from discern.reporting.display_names import DisplayNames
from discern.reporting.evaluated_text import describe_evaluated
from discern.reporting.excluded_text import describe_excluded

_PAGE = "evaluation.html"
EVALUATION, ANSWERS = "evaluation.json", "answers.parquet"


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluationRun:
    """Run folder of an evaluation.

    Attributes:
        run: the run folder.
        seed: random seed of the examples.
    """

    run: Run
    seed: int

    @classmethod
    @contextmanager
    def opened(
        cls,
        source: Path,
        *,
        models: Sequence[EvaluatedModel],
        negatives: Path | None,
        reading: SourceOptions,
        seed: int,
        runs: str | Path,
        name: str | None,
    ) -> Iterator[Self]:
        """Create and lock a run folder; it is removed if the evaluation fails.

        Raises:
            UsageError: the folder would be in the source.
            RunError: the name is taken, or the folder cannot be written.
        """
        folder = resolve_output(runs)
        if _is_inside(folder, source):
            raise UsageError(
                f"The page would be written into {folder}, which is part of the pictures in {source}.",
                hint="Pass a folder elsewhere with --runs, or --no-page.",
            )
        config = {
            "source": str(source),
            "models": [model.of for model in models],
            "negatives": None if negatives is None else str(negatives),
            "seed": seed,
            **{name: value for name, value in vars(reading).items() if value is not None},
        }
        run = Run.create(source, name=name, runs=folder, resume=False, config=config)
        with run.locked():
            yield cls(run=run, seed=seed)

    @property
    def page(self) -> Path:
        """Return the path of the HTML page."""
        return self.run.path(_PAGE)

    def write(
        self, result: EvaluateResult, evaluator: Evaluator, evaluations: Sequence[Evaluation], progress: Progress
    ) -> None:
        """Write the page, the metrics and the list of files that were left out."""
        catalog = evaluator.pictures.catalog
        account = Account.of(catalog)
        with self.run.replacing(LEFT_OUT) as path:
            write_left_out(path, list_left_out(catalog))
        self.run.write_json(EVALUATION, result.to_json())
        with self.run.replacing(ANSWERS) as path:
            result.answers.write_parquet(path)
        with self.run.stage("page", progress), self.run.writing(_PAGE) as page:
            self._write_page(page, result, evaluator, evaluations)
        self.run.save(status="done", **account.to_json())

    def _write_page(
        self,
        page: Path,
        result: EvaluateResult,
        evaluator: Evaluator,
        evaluations: Sequence[Evaluation],
    ) -> None:
        pictures, first = evaluator.pictures, evaluations[0]
        viewer = Viewer(pictures.catalog, first.model.bundle)
        catalog, models = pictures.catalog_by_model(), collect_answers(evaluator, evaluations, result.against)
        names = DisplayNames.from_metrics(models[0].metrics.names)
        account = Account.of(catalog)
        accounted = describe_account(
            account, of="this data set", listed_in='under "The pictures" below', name=names.text
        )
        evaluated = describe_evaluated(vars(result.metrics), used=sum(account.classes.values()))
        write_evaluation_page(
            page,
            catalog=catalog,
            models=models,
            pictures=viewer.pixels,
            account=[*accounted, f"Evaluated: {evaluated}.", *map(_as_sentence, describe_excluded(result.to_json()))],
            evidence=None if first.model.bundle is None else viewer.evidence,
            recipe=viewer.recipe,
            negatives=tabulate_negatives(evaluator, first),
            negative_scores=None if first.unknown is None else first.unknown.scores,
            published=result.seen is not None,
            provenance={
                "Created": self.run.facts["created"],
                "Seed": str(self.seed),
                "Pictures": address_of(str(pictures.catalog.root)),
                "Data fingerprint": pictures.catalog.fingerprint,
                "Models": {each.model.of: each.model.fingerprint for each in evaluations},
                "Versions": self.run.facts["versions"],
            },
            title=self.run.folder.name,
            seed=self.seed,
        )


def default_runs(source: str | Path) -> Path:
    """Return the folder of runs in the working directory, or beside the source if that directory is part of it."""
    here = Path.cwd()
    if find_bucket_address(source) is not None:
        return here / "runs"
    origin = resolve_path(source)
    return (origin.parent if _is_inside(here, origin) else here) / "runs"


def _is_inside(folder: Path, source: Path) -> bool:
    return folder.resolve().is_relative_to(source.resolve())


def _as_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
