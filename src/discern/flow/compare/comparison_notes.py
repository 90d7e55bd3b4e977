"""Sentences on the pictures of a comparison: those compared, those that the choice rests on, and their earlier uses."""

from collections.abc import Iterator, Sequence

from discern.evaluating import ComparedModel, ModelChoice
from discern.flow.compare.common_pictures import CommonPictures
from discern.flow.compare.comparison_record import FILE, Uses
from discern.flow.compare.judged_run import JudgedRun
from discern.flow.compare.validation import have_test_part


def describe_basis(
    models: Sequence[ComparedModel],
    judged: Sequence[JudgedRun],
    pictures: CommonPictures,
    validation: CommonPictures | None,
    *,
    choice: ModelChoice,
    uses: Uses,
) -> Iterator[str]:
    """Yield sentences on what is compared, and on what is not.

    Args:
        models: figures of each run.
        judged: the runs.
        pictures: the pictures that all of them held out.
        validation: common pictures of the training parts; None without any.
        choice: the choice among the models.
        uses: number of uses of the held-out pictures.
    """
    yield from _describe_pictures(models, pictures)
    if len({each.metrics.accuracy.leak_free.method for each in judged}) > 1:
        yield "Some runs were judged on a test part and some by cross-validation, in which each model lacks data."
    yield _describe_choice(judged, validation)
    if validation is not None:
        yield from _describe_tuning(models, judged)
    if choice.refuted is not None:
        yield (
            f"{models[choice.refuted].name} was the most accurate on the validation pictures, but on the test part "
            "another model is better by more than chance explains."
        )
    yield from _describe_uses(uses, "This test part has" if have_test_part(judged) else "These held-out pictures have")


def _describe_pictures(models: Sequence[ComparedModel], pictures: CommonPictures) -> Iterator[str]:
    if not pictures.complete:
        own = ", ".join(f"{each.name} {size:,}" for each, size in zip(models, pictures.held_out, strict=True))
        common = len(pictures.truth) + pictures.relabelled
        yield (
            f"The runs were judged on different pictures ({own}). They are compared on the {common:,} that all of them "
            "held out; calibration and negatives are those of each run's own pictures."
        )
    if pictures.relabelled:
        yield f"{pictures.relabelled:,} of the common pictures are left out, as their labels differ between the runs."


def _describe_choice(judged: Sequence[JudgedRun], validation: CommonPictures | None) -> str:
    if validation is not None:
        return (
            f"The best model was found on {len(validation.truth):,} validation pictures of the training part, by "
            "models fitted without them. The test part then decided whether a simpler one is good enough, so that the "
            "accuracy of the model to ship is a little too good."
        )
    if have_test_part(judged):
        return (
            "The runs have too few common validation pictures to choose by, so the test part chooses and judges: the "
            "figure of the best of several models is a little too good."
        )
    return (
        "Without a test part, the same held-out pictures choose and judge: the figure of the best of several models is "
        "a little too good."
    )


def _describe_tuning(models: Sequence[ComparedModel], judged: Sequence[JudgedRun]) -> Iterator[str]:
    tuned = [model.name for model, each in zip(models, judged, strict=True) if each.is_tuned]
    if tuned:
        yield (
            f"The options of {' and '.join(tuned)} were chosen on pictures of the training part, too, so that the "
            "validation accuracy is a little too good there; the accuracy on the test part is not."
        )


def _describe_uses(uses: Uses, pictures: str) -> Iterator[str]:
    if uses.comparisons > 1:
        yield (
            f"{pictures} been used in {uses.comparisons:,} comparisons of {uses.models:,} models. Each choice by the "
            "same pictures makes the figure of the chosen model a little too good."
        )
    if not uses.recorded:
        yield f"This comparison is not counted, as {FILE} beside the runs cannot be written."
