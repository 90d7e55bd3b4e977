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
