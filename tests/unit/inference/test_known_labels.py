"""Labels are found by the names that people give them."""

import pytest

from discern.inference.known_labels import KnownLabels
from tests.unit.bundle.factories import make_manifest

LABELS = KnownLabels(
    ["red_apple", "pear", "Pear", "kiwi"],
    names={"red_apple": {"name": "Gala apple"}, "kiwi": {"name": ""}},
    aliases={"kiwi": ["Chinese gooseberry"]},
)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("red_apple", "red_apple"),
        ("Red apple", "red_apple"),
        ("gala  APPLE", "red_apple"),
        ("chinese gooseberry", "kiwi"),
        ("pear", "pear"),
        ("Pear", "Pear"),
    ],
)
def test_a_label_is_found_by_each_of_its_names(text: str, label: str) -> None:
    assert LABELS.find(text) == label


@pytest.mark.parametrize("text", ["PEAR", "apple", "", "_"])
def test_a_text_that_names_none_or_several_finds_none(text: str) -> None:
    assert LABELS.find(text) is None


def test_the_labels_of_a_bundle_have_its_display_names() -> None:
    manifest = make_manifest(names={"red": {"name": "red card", "spoken": "", "route": ""}})
    assert KnownLabels.of(manifest).find("Red card") == "red"
