"""The guard against formulas: what it is for, and the way back."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discern.catalog.spreadsheet import FORMULA, guard, unguard
from tests.unit.catalog.formulas import HARMLESS, RUN

TEXT = st.builds(str.__add__, st.sampled_from(["", "./", "././", *RUN]), st.text(max_size=9))


@pytest.mark.parametrize("text", RUN)
def test_what_a_spreadsheet_would_run_is_guarded(text: str) -> None:
    assert guard(text) == f"./{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert guard(text) == text


@given(TEXT)
def test_the_way_back_gives_the_very_text(text: str) -> None:
    assert unguard(guard(text)) == text


@pytest.mark.parametrize(("written", "meant"), [("=1", "=1"), ("./=1", "=1"), ("././=1", "./=1"), ("./a", "./a")])
def test_what_a_former_version_or_a_person_wrote_is_read(written: str, meant: str) -> None:
    assert unguard(written) == meant


def test_a_table_has_the_same_rule() -> None:
    assert pl.Series(RUN).str.contains(FORMULA).all()
    assert not pl.Series(HARMLESS).str.contains(FORMULA).any()
