"""Pictures of none of the classes that were accepted, or answered as a class."""

import numpy as np
import pytest

from discern.evaluating import Metrics
from discern.reporting import NegativeTable
from discern.reporting.sections.negative_examples import MAX_SHOWN, describe_negatives
from tests.unit.reporting.factories import extras_for, interval_json

LABELS = ("ash", "birch", "cedar")
METRICS = Metrics.from_json(
    {"gate": extras_for(LABELS)["gate"] | {"accepted": interval_json(0.1, 0.02, 0.3), "reviewed": interval_json(0.05)}}
).negatives


@pytest.fixture
def table(catalog, opened) -> NegativeTable:
    rows = np.flatnonzero(catalog.readable)[:20]
    return NegativeTable(
        catalog=catalog,
        rows=rows,
        predicted=np.arange(20) % 3,
        confidence=np.linspace(0.5, 0.9, 20),
        decision=np.array(["unknown"] * 17 + ["accept", "review", "accept"]),
        pictures=opened,
    )


def test_accepted_ones_come_first_with_their_rate(table):
    described = describe_negatives([table], METRICS, LABELS)
    accepted, reviewed = described.groups
    assert (described.pictures, accepted.count, reviewed.count) == (20, "2", "1")
    assert accepted.rate.replace("\N{NO-BREAK SPACE}", " ") == "10.0 %, 95 % interval 2.0 to 30.0 %"
    assert [(shown.predicted, shown.decision) for shown in accepted.shown] == [("birch", "accept"), ("cedar", "accept")]
    assert [shown.confidence[:2] for shown in accepted.shown] == ["90", "86"]
    assert all(shown.image.uri for shown in accepted.shown)
    assert not reviewed.shown[0].correct


def test_copies_and_more_than_fit_are_not_shown(catalog, table, opened):
    rows = np.flatnonzero(catalog.readable)
    size = len(rows)
    every = NegativeTable(
        catalog=catalog,
        rows=rows,
        predicted=np.zeros(size, np.int64),
        confidence=np.linspace(0.5, 0.9, size),
        decision=np.repeat("accept", size),
        pictures=opened,
    )
    accepted = describe_negatives([every, every], METRICS, LABELS).groups[0]
    assert accepted.count == str(2 * size)
    assert len({shown.path for shown in accepted.shown}) == len(accepted.shown) == MAX_SHOWN


def test_without_negatives_there_is_no_section(table):
    assert describe_negatives([], METRICS, LABELS) is None
    assert describe_negatives([table], None, LABELS) is None
