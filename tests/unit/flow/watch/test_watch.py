"""A look by command: its JSON, page, labels and alerts."""

import hashlib
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import discern
from discern.errors import BundleError, CatalogError, RunError, StoreError, UsageError
from discern.flow.watch.watch import watch
from discern.inference.exchange import Exchange
from discern.watching.stores.open_exchanges import open_store
from tests.unit.inference.factories import RED
from tests.unit.watching.looking.factories import make_reference, traffic, write_model


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"), reference=make_reference())


def filled(folder: Path, exchanges: list[Exchange]) -> Path:
    with closing(open_store(folder, create=True)) as store:
        store.add(exchanges)
    return folder


@pytest.fixture
def quiet(tmp_path: Path, bundle: Path) -> Path:
    return filled(tmp_path / "store", traffic(discern.load(bundle), 400))


@pytest.fixture
def changed(tmp_path: Path, bundle: Path) -> Path:
    model = discern.load(bundle)
    dark = traffic(model, 200, first=200, picture=RED, brightness=-2)
    return filled(tmp_path / "changed", [*traffic(model, 200), *dark])


def test_a_quiet_store_has_no_alarm_and_the_promised_keys(quiet: Path, bundle: Path) -> None:
    result = watch(quiet, against=bundle)
    value = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert list(value)[:8] == [
        *("exchanges", "lost", "alarms", "accuracy", "promise", "clusters", "to_audit", "page"),
    ]
    assert (value["exchanges"], value["lost"], value["alarms"], value["page"]) == (400, 0, [], None)
    assert value["accuracy"] is None
    assert value["promise"]["asked"] == 0.05
    assert value["promise"]["broken"] is False
    assert value["to_audit"]
    assert value["waiting"] == len(value["to_audit"])
    assert not result.alarmed
    assert repr(result) == "WatchResult(exchanges=400, alarms=0, lost=0)"


def test_darker_pictures_are_an_alarm_with_examples_on_the_page(changed: Path, bundle: Path, tmp_path: Path) -> None:
    result = watch(changed, against=bundle, out=tmp_path / "page.html")
    (alarm, *_) = result.to_json()["alarms"]
    assert alarm.keys() >= {"kind", "since", "evidence", "examples"}
    assert alarm["kind"] == "brightness"
    assert "darker" in alarm["message"]
    assert min(int(each, 16) for each in alarm["examples"]) > 200
    assert result.alarmed
    text = (tmp_path / "page.html").read_text("utf-8")
    assert result.to_json()["page"] == str(tmp_path / "page.html")
    assert "Something has changed since" in text
    assert text.count("data:image/jpeg;base64,") >= 8
    with pytest.raises(RunError):
        watch(changed, against=bundle, out=tmp_path / "page.html")


def test_a_look_since_a_time_reads_what_came_since(changed: Path, bundle: Path) -> None:
    seen = watch(changed, against=bundle, since="2026-09-21T15:30Z").look
    assert 0 < seen.exchanges < 400
    assert any("alone" in note for note in seen.notes)
    assert watch(changed, against=bundle).look.exchanges == 400


def test_labels_of_a_table_are_stored_and_counted(quiet: Path, bundle: Path, tmp_path: Path) -> None:
    waiting = watch(quiet, against=bundle).look.to_audit
    with closing(open_store(quiet)) as store:
        columns = store.columns_of(waiting)
    rows = [f"{each},{label}," for each, label in zip(columns.id, columns.label, strict=True)]
    (tmp_path / "labels.csv").write_text("\n".join(["id,label,new", *rows[:-1], f"{columns.id[-1]},pear,yes"]))
    result = watch(quiet, against=bundle, labels=tmp_path / "labels.csv")
    assert result.labels == len(waiting)
    assert result.look.waiting == 0
    assert result.look.accuracy is not None
    assert result.look.accuracy.audited == len(waiting)
    with closing(open_store(quiet)) as store:
        stored = len(list(store.feedback()))
    assert watch(quiet, against=bundle, labels=tmp_path / "labels.csv").look == result.look
    with closing(open_store(quiet)) as store:
        assert len(list(store.feedback())) == stored  # the same file again is nothing new
    (tmp_path / "unknown.csv").write_text("id,label\nmine,dark\n")
    notes = watch(quiet, against=bundle, labels=tmp_path / "unknown.csv").look.notes
    assert notes == ("1 label has an id that the store does not have, such as 'mine'.",)
    (tmp_path / "wrong.csv").write_text("id,label\nx,pear\n")
    with pytest.raises(UsageError, match="line 2: 'pear'"):
        watch(quiet, against=bundle, labels=tmp_path / "wrong.csv")


def test_a_new_alarm_runs_the_command_once(changed: Path, bundle: Path, tmp_path: Path) -> None:
    program = "import sys, pathlib; pathlib.Path(sys.argv[1]).open('ab').write(sys.stdin.buffer.read() + b'\\n')"
    command = f'{sys.executable} -c "{program}" {tmp_path / "alarms.jsonl"}'
    for _ in range(2):
        result = watch(changed, against=bundle, on_alarm=command)
        assert result.alerts == ()
    sent = [json.loads(line) for line in (tmp_path / "alarms.jsonl").read_text().splitlines()]
    assert [each["alarm"]["kind"] for each in sent] == [alarm.kind for alarm in result.look.alarms]
    assert sent[0]["text"].startswith("colours: Pictures are darker")


def test_an_alarm_that_cannot_be_sent_does_not_fail_the_look(changed: Path, bundle: Path) -> None:
    result = watch(changed, against=bundle, on_alarm="/nowhere/at-all")
    assert len(result.alerts) == len(result.look.alarms)
    assert "cannot be started" in result.alerts[0]


def test_nearest_training_pictures_are_shown_where_they_are_found(bundle: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos/dark"
    photos.mkdir(parents=True)
    (photos / "a.png").write_bytes(RED)
    reference = make_reference()
    prefix = np.frombuffer(hashlib.sha256(RED).digest()[:8], np.uint8)
    reference.content[:] = prefix
    other = write_model(tmp_path, reference=reference)
    model = discern.load(other)
    new = traffic(model, 300, first=200, picture=RED, unlike=True)
    store = filled(tmp_path / "store", [*traffic(model, 100), *new])
    result = watch(store, against=other, out=tmp_path / "page.html", training=tmp_path / "photos")
    assert "pictures" in {alarm.kind for alarm in result.look.alarms}
    assert "Training picture dark/a.png" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"since": "yesterday"}, UsageError),
        ({"since": "7d", "webhook": "https://a.example/x"}, UsageError),
        ({"average_run": 0.5}, UsageError),
        ({"webhook": "example.org"}, UsageError),
        ({"on_alarm": " "}, UsageError),
        ({"out": "page.txt"}, UsageError),
        ({"training": "/nowhere"}, CatalogError),
        ({"against": "/nowhere"}, BundleError),
        ({"labels": "/nowhere"}, UsageError),
    ],
)
def test_what_cannot_be_done_is_refused_first(
    quiet: Path, bundle: Path, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        watch(quiet, **({"against": bundle} | options))


def test_a_folder_without_a_store_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no"):
        watch(tmp_path, against=bundle)
    assert list(tmp_path.iterdir()) == []
