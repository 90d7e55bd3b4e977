import json

import pytest

from discern.cli import render


def test_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    render.show({"name": "café"}, json=True, words=lambda value: iter(["unused"]))
    out = capsys.readouterr().out
    assert json.loads(out) == {"name": "café"}
    assert out.count("\n") == 1


def test_words_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    render.show({}, json=False, words=lambda value: iter(["one", "two"]))
    assert capsys.readouterr().out == "one\ntwo\n"


def test_a_path_with_a_newline_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"path": "/a\nb\x1b[31m.png", "error": {"code": "x", "message": "broken", "hint": ""}}
    render.show_line(answer, json=False)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "\x1b" not in out


def test_a_path_of_odd_bytes_survives_json(capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"path": "/a\udcff\n.png", "error": {"code": "x", "message": "broken", "hint": ""}}
    render.show_line(answer, json=True)
    assert json.loads(capsys.readouterr().out)["path"] == "/a\udcff\n.png"


def test_what_is_wrong_comes_with_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    render.show_line({"path": "/a", "error": {"code": "x", "message": "It is broken.", "hint": "Mend it."}}, json=False)
    assert capsys.readouterr().out == "/a: It is broken. Mend it.\n"


def test_a_key_stands_alone_where_a_variable_takes_it(capsys: pytest.CaptureFixture[str]) -> None:
    render.show({"key": "k", "key_file": "/keys.txt"}, json=False, words=render.key)
    said = capsys.readouterr()
    assert said.out == "k\n"
    assert "/keys.txt holds only its hash" in said.err


def test_a_figure_without_interval_says_so() -> None:
    figure = {"value": 0.5, "low": None, "high": None}
    counts = {"pictures": 3, "seen": 1, "unreadable": 0, "refused": {}, "other_labels": {}, "against": []}
    nothing = dict.fromkeys(("unknown", "policy", "conformal", "ordered"))
    lines = list(render.evaluate({**counts, **nothing, "accuracy": figure, "fell_short": ["accuracy"]}))
    assert lines[0] == "accuracy on 3 pictures: 0.500 (too few for an interval)"
    assert "trained on them: 1" in lines[1]
    assert "FELL SHORT" in lines[2]


def test_what_the_thresholds_came_to_is_told() -> None:
    figure = {"value": 0.5, "low": None, "high": None}
    counts = {
        "pictures": 3,
        "seen": 0,
        "unreadable": 0,
        "refused": {},
        "other_labels": {},
        "against": [],
        "unknown": None,
        "fell_short": [],
    }
    decided = {
        "policy": {"share": 0.25, "error": figure, "strangers_accepted": 0.125},
        "conformal": {"coverage": 0.9, "size": 1.5},
        "ordered": {"mae": 0.4, "constant_mae": 1.2, "within_one": 0.75},
    }
    told = "\n".join(render.evaluate({**counts, **decided, "accuracy": figure}))
    for words in ("25.0% of the known", "strangers accepted: 12.5%", "90.0%, with 1.50 labels", "middle label: 1.200"):
        assert words in told


def test_a_failed_verification_says_why() -> None:
    assert list(render.verify({"passed": False, "why": "it was changed."})) == ["NOT to be trusted: it was changed."]


def test_the_doctor_names_what_is_bad() -> None:
    bad = {"name": "cache", "passed": False, "found": "no room", "hint": "Free some."}
    assert list(render.doctor({"diagnoses": [bad]})) == ["BAD cache: no room Free some."]


def test_a_server_is_not_said_to_be_unseen() -> None:
    said = {"seen": None, "unreadable": 0, "refused": {}, "other_labels": {}}
    assert "does not say what its bundle was trained on" in "\n".join(render._left_out(said))
