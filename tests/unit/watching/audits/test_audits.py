"""Labels of audited exchanges know their number."""

import numpy as np

from discern.watching.audits.audit_sample import AuditConfig
from discern.watching.audits.audit_state import AuditState
from tests.unit.watching.audited_columns import make_columns


def test_an_empty_sample_has_no_labels() -> None:
    audits = AuditState(AuditConfig()).audits()
    assert len(audits) == 0
    assert audits.waiting == 0


def test_their_number_is_that_of_the_labels() -> None:
    state = AuditState(AuditConfig(share=1, even=1))
    state.update(make_columns(3, truth=np.array(["ripe", "green", None], object)))
    assert len(state.audits()) == 2
    assert state.audits().waiting == 1
