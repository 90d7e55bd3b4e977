"""Checks of files: readability and suffixes."""

import pytest


def test_unreadable_files_are_found_with_their_reason(find):
    error, message = [None, "truncated", "empty"], [None, "The file ends too early.", None]
    first, second = find("unreadable", ["a", "a", "a"], error=error, message=message)
    assert (first.rows, second.rows) == ((1,), (2,))
    assert "ends too early" in first.why
    assert first.action == second.action == "drop"


@pytest.mark.parametrize(
    ("path", "content", "score"),
    [
        ("a.jpg", "JPEG", None),
        ("a.JPEG", "JPEG", None),
        ("b/a.tiff", "TIFF", None),
        ("a.png", "WEBP", 1.0),
        ("a.jpg", "PNG", 1.0),
        ("a.zip!/a.gif", "BMP", 1.0),
        ("a", "GIF", 0.5),
        ("a.photo", "JPEG", 0.5),
    ],
)
def test_suffixes_are_compared_with_the_content(find, path, content, score):
    findings = find("wrong_suffix", ["x"], path=[path], format=[content])
    assert [finding.score for finding in findings] == ([] if score is None else [score])
    assert all(content in finding.why and finding.action == "keep" for finding in findings)


def test_an_unreadable_file_is_not_checked_for_its_suffix(find):
    assert find("wrong_suffix", ["x"], path=["a.jpg"], format=["PNG"], error=["truncated"]) == []


def test_files_that_end_early_are_found_with_what_is_missing(find):
    findings = find("incomplete", ["a"] * 3, missing_rows=[None, 0, 8])
    assert [finding.rows for finding in findings] == [(1,), (2,)]
    marker, rows = (finding.why for finding in findings)
    assert "lacks its end marker, but the whole picture is there" in marker
    assert "last 8 rows" in rows
    assert [finding.score for finding in findings] == [0.0, 8 / 160]
    assert all(finding.action == "keep" for finding in findings)


@pytest.mark.parametrize(
    ("peaks", "found"),
    [
        ([None, None, None], []),
        ([4095, 3000, None], []),
        ([1023, 4095, 16383], []),
        ([4095, 65535, 300], [0, 2]),
        ([60_000, 20_000, 16_384], []),
    ],
)
def test_values_of_a_narrow_range_are_found_among_pictures_of_the_full_one(find, peaks, found):
    findings = find("narrow_range", ["a"] * 3, peak=peaks)
    assert [finding.rows[0] for finding in findings] == found
    if found:
        assert "use 12 of 16 bits" in findings[0].why
        assert "by 16" in findings[0].why
