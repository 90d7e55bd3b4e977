"""Records survive a journal."""

import json

import pytest

from discern.collecting.collected_record import CollectedPicture, CollectedRecord


def test_a_record_is_read_as_it_was_written() -> None:
    picture = CollectedPicture(file="bed/a.jpg", group="film", seconds=0.0, sha256="ab", license="CC0")
    record = CollectedRecord(key="k", source="s", label="bed", pictures=(picture,), left_out={"blurred": 1})
    text = json.dumps(record.to_json())
    assert "url" not in text
    assert CollectedRecord.from_json(json.loads(text)) == record


@pytest.mark.parametrize("value", [None, [], "text", {"source": "a"}, {"key": "a", "source": "b", "pictures": [1]}])
def test_what_is_not_a_record_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not a record"):
        CollectedRecord.from_json(value)
