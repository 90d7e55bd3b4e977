"""Pictures of the training parts on which the best of several models is found, apart from the test part."""

from collections.abc import Sequence

from discern.errors import DataError
from discern.evaluating import evaluate_share
from discern.flow.compare.common_pictures import CommonPictures, find_common_pictures
from discern.flow.compare.judged_run import JudgedRun
from discern.flow.held_out import VALIDATION

TEST_PART = "test-part"


def have_test_part(judged: Sequence[JudgedRun]) -> bool:
    """Return True if all runs were judged on a test part, so that other pictures can choose among them."""
    return all(each.metrics.accuracy.leak_free.method == TEST_PART for each in judged)


def find_validation(judged: Sequence[JudgedRun], labels: Sequence[str]) -> CommonPictures | None:
    """Find the pictures of the training parts that all models answered without having been fitted on them.

    None if a run has no test part or no such answers, or if the pictures are of too few groups to tell models apart.

    Raises:
        RunError: a file of a run cannot be read.
    """
    runs = [each.run for each in judged]
    if not have_test_part(judged) or not all(run.path(VALIDATION).exists() for run in runs):
        return None
    try:
        found = find_common_pictures(runs, labels, name=VALIDATION)
    except DataError:
        return None
    accuracy = evaluate_share(found.correct[0], groups=found.groups, weights=found.weights)
    return None if accuracy.low is None else found
