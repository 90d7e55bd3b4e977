"""docs/formats/captures.md is true: exchanges, feedback, records, files of the spool and tables of the store."""

import json
import re
import struct
from dataclasses import fields
from pathlib import Path

from discern.inference import exchange_record
from discern.inference.exchange import Exchange, Feedback
from discern.inference.exchange_record import encode_exchange, encode_feedback
from discern.watching.captures.capture_config import MAX_SPOOL, CaptureConfig
from discern.watching.captures.spool_sink import SpoolSink
from discern.watching.stores.exchange_tables import METADATA
from tests.e2e.format_pages import Checker, read_page
from tests.unit.inference.factories import make_exchange, make_feedback

PAGE = read_page("captures.md")


def read_json(record: bytes) -> dict[str, object]:
    """Read the JSON of a record by the table of its header."""
    sizes = [int(row["Bytes"]) for row in PAGE.tables["record"][0]]
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    [length] = struct.unpack("<I", record[starts[3] : starts[4]])
    return dict(json.loads(record[sum(sizes) : sum(sizes) + length]))


def test_exchanges_and_feedback_have_the_documented_keys() -> None:
    checker = Checker()
    exchange, feedback = read_json(encode_exchange(make_exchange())), read_json(encode_feedback(make_feedback()))
    assert exchange.pop("has_picture") is True
    checker.check_object(exchange, "captures.md", "exchange")
    checker.check_object(feedback, "captures.md", "feedback")
    assert checker.problems == []
    assert PAGE.types("exchange").keys() == {each.name for each in fields(Exchange)} - {"picture", "embedding"}
    assert PAGE.types("feedback").keys() == {each.name for each in fields(Feedback)}


def test_a_record_begins_as_documented() -> None:
    record, table = encode_exchange(make_exchange()), PAGE.tables["record"][0]
    magic = bytes.fromhex(table[0]["Meaning"].strip("`"))
    assert record.startswith(magic + bytes(8) + b"\x01")
    assert encode_feedback(make_feedback())[12] == 2
    assert sum(int(row["Bytes"]) for row in table) == exchange_record._HEAD.size


def test_a_spool_has_the_documented_files(tmp_path: Path) -> None:
    sink = SpoolSink(CaptureConfig(store=str(tmp_path / "kept")), transfers=False)
    sink.keep([make_exchange()])
    [path] = (tmp_path / "kept/spool").iterdir()
    assert re.fullmatch(r"\d+-[0-9a-f]{16}-\d+\.spool", path.name)
    assert PAGE.column("spool", "File") == ["PID-SEAL-N.spool", "salt", "mover.lock"]
    assert f"Above {MAX_SPOOL / 1e9:.0f} GB" in PAGE.prose["spool"]
    sink.close()


def test_a_store_has_the_documented_tables() -> None:
    assert set(PAGE.column("store", "Table")) == set(METADATA.tables)
