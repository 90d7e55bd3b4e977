"""Printed results: lines of text, or one JSON object."""

import json

import pytest

from discern.catalog.left_out import REASONS
from discern.cli import render


def test_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    render.show({"name": "café"}, json=True, lines=lambda value: iter(["unused"]))
    out = capsys.readouterr().out
    assert json.loads(out) == {"name": "café"}
    assert out.count("\n") == 1


def test_text_is_one_line_per_item(capsys: pytest.CaptureFixture[str]) -> None:
    render.show({}, json=False, lines=lambda value: iter(["one", "two"]))
    assert capsys.readouterr().out == "one\ntwo\n"


def test_a_path_with_a_newline_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"path": "/a\nb\x1b[31m.png", "error": {"code": "x", "message": "broken", "hint": ""}}
    render.show_answer(answer, json=False)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "\x1b" not in out


def test_a_path_of_any_bytes_survives_json(capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"path": "/a\udcff\n.png", "error": {"code": "x", "message": "broken", "hint": ""}}
    render.show_answer(answer, json=True)
    assert json.loads(capsys.readouterr().out)["path"] == "/a\udcff\n.png"


def test_an_error_comes_with_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    error = {"code": "x", "message": "It is broken.", "hint": "Repair it."}
    render.show_answer({"path": "/a", "error": error}, json=False)
    assert capsys.readouterr().out == "/a: It is broken. Repair it.\n"


def test_a_text_that_is_no_path_is_shortened_and_a_path_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    error = {"code": "x", "message": "It is broken.", "hint": "Repair it."}
    render.show_answer({"path": "/work/" + "QUJD" * 10_000, "error": error}, json=False)
    assert len(capsys.readouterr().out) < 250
    path = "/photos" * 100
    render.show_answer({"path": path, "decision": "accept", "message": "This is red."}, json=False)
    assert capsys.readouterr().out == f"{path}: [accept] This is red.\n"


def test_a_shell_variable_captures_the_key_alone(capsys: pytest.CaptureFixture[str]) -> None:
    render.show({"key": "k", "key_file": "/keys.txt"}, json=False, lines=render.key)
    printed = capsys.readouterr()
    assert printed.out == "k\n"
    assert "/keys.txt holds only its hash" in printed.err


def test_a_metric_without_interval_says_so() -> None:
    metric = {"value": 0.5, "low": None, "high": None}
    counts = {"pictures": 3, "seen": 1, "unreadable": 0, "refused": {}, "other_labels": {}, "against": []}
    nothing = dict.fromkeys(("unknown", "policy", "conformal", "ordered"))
    lines = list(render.evaluate({**counts, **nothing, "accuracy": metric, "fell_short": ["accuracy"]}))
    assert lines[0] == "accuracy on 3 pictures: 0.500 (too few pictures for an interval)"
    assert "used in training: 1" in lines[1]
    assert "FELL SHORT" in lines[2]


def test_the_metrics_of_decisions_are_printed() -> None:
    metric = {"value": 0.5, "low": None, "high": None}
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
    decisions = {
        "policy": {"share": 0.25, "error": metric, "strangers_accepted": 0.125},
        "conformal": {"coverage": 0.9, "size": 1.5},
        "ordered": {"mae": 0.4, "constant_mae": 1.2, "within_one": 0.75},
    }
    text = "\n".join(render.evaluate({**counts, **decisions, "accuracy": metric}))
    for part in ("25.0% of the known", "unknown pictures accepted: 12.5%", "90.0%, 1.50 labels", "median label: 1.200"):
        assert part in text


def test_pictures_that_set_thresholds_are_counted() -> None:
    counts = {"seen": 0, "unreadable": 0, "refused": {}, "other_labels": {}}
    assert "set the thresholds: 15" in "\n".join(render._excluded(counts | {"set_thresholds": 15}))
    assert "older version" in "\n".join(render._excluded(counts | {"set_thresholds": None}))
    assert list(render._excluded(counts | {"set_thresholds": 0})) == []


def test_classes_of_few_groups_are_named() -> None:
    metric = {"value": 0.5, "low": None, "high": None}
    accuracy = {"leak_free": metric | {"method": "grouped-cv"}, "naive": metric, "given": None}
    account = {"found": 2, "used": 2, "left_out": dict.fromkeys(REASONS, 0), "left_out_file": None, "classes": {"a": 2}}
    account |= {"folders_without_pictures": {}, "classes_without_pictures": {}}
    value = account | {"accuracy": accuracy, "policy": None, "seconds": {}, "report": "r", "bundle": "b"}
    assert "pessimistic" not in "\n".join(render.train(value))
    accuracy["leak_free"]["few_groups"] = {"apple": 2, "pear": 4}
    assert "fewer than five independent groups: apple (2), pear (4)" in "\n".join(render.train(value))
    accuracy["leak_free"]["few_groups"] = {str(number): 2 for number in range(52)}
    assert "19 (2) and 32 more" in "\n".join(render.train(value))


def test_the_policy_names_its_limit_and_an_offered_one() -> None:
    plain = {"share": 0.6, "sentence": "Of independent groups.", "asked": "auto", "risk": 0.1, "offered": None}
    assert list(render._policy(plain)) == [
        "error limit:               10%, the strictest of 5, 10 and 20 % that holds",
        "accepted without review:   60% of the predictions. Of independent groups.",
    ]
    assert next(render._policy(plain | {"risk": None})).endswith("none of 5, 10 and 20 % holds")
    offered = {"risk": 0.2, "share": 0.8, "sentence": "At most 20 %.", "command": "discern train x"}
    told = list(render._policy(plain | {"asked": 0.05, "risk": None, "share": 0.0, "offered": offered}))
    assert told[1:] == ["a limit that would hold:   80% of the predictions. At most 20 %.", "  discern train x"]
    # A finished run of an earlier version.
    assert len(list(render._policy({"share": 0.6, "sentence": "At most 5 %."}))) == 1


def test_rates_and_the_calibration_error_have_their_intervals() -> None:
    metric = {"value": 0.5, "low": None, "high": None}
    value = {
        "pictures": 3,
        "seen": 0,
        "unreadable": 0,
        "refused": {},
        "other_labels": {},
        "against": [],
        "unknown": None,
        "fell_short": [],
        "conformal": None,
        "ordered": None,
        "accuracy": metric,
        "ece": {"value": 0.03, "low": 0.0, "high": 0.06, "null95": 0.045, "chance": 0.02},
        "policy": {"share": 0.25, "error": metric, "strangers_accepted": 0.125},
        "intervals": {"strangers_accepted": {"value": 0.125, "low": 0.05, "high": 0.28, "note": None}},
    }
    text = "\n".join(render.evaluate(value))
    assert "calibration error: 0.030 (0.000 to 0.060); by chance alone 0.020 on average, up to 0.045" in text
    assert "unknown pictures accepted: 12.5% (5.0% to 28.0%)" in text
    assert "accepted without review: 25.0% of" in text


@pytest.mark.parametrize(
    ("method", "line"),
    [
        ({"name": "probe", "why": "It is the default: a head on frozen features takes seconds."}, ""),
        ({"name": "auto", "why": "A pilot gained nothing."}, "auto. A pilot gained nothing."),
        (
            {"name": "probe", "why": "It was asked for with --preset bins-simple."},
            "probe. It was asked for with --preset",
        ),
        (
            {"name": "scratch", "why": "Asked.", "epochs": 3, "best_epoch": 2, "parameters": 1234},
            "scratch, best epoch 2 of 3, 1,234 parameters. Asked.",
        ),
    ],
)
def test_the_method_is_printed_unless_it_is_the_default(method: dict[str, object], line: str) -> None:
    (printed,) = list(render._method({"epochs": None} | method)) or [""]
    assert printed.removeprefix("method:").strip().startswith(line)
    assert bool(printed) == bool(line)


def test_a_failed_verification_names_its_reason() -> None:
    assert list(render.verify({"passed": False, "why": "it was changed."})) == ["NOT VERIFIED: it was changed."]


def test_the_doctor_names_what_failed() -> None:
    bad = {"name": "cache", "passed": False, "found": "no room", "hint": "Free some."}
    assert list(render.doctor({"diagnoses": [bad]})) == ["BAD cache: no room Free some."]


def test_a_server_s_training_pictures_are_not_known() -> None:
    value = {"seen": None, "unreadable": 0, "refused": {}, "other_labels": {}}
    assert "does not publish its training pictures" in "\n".join(render._excluded(value))


def test_an_alarm_of_look_alikes_stands_before_all_figures() -> None:
    accuracy = {"value": 0.9, "low": 0.8, "high": 0.95}
    unlike = {"value": 0.5, "low": 0.4, "high": 0.6, "share": 1.0, "alarm": True}
    figures = {"leak_free": accuracy | {"method": "grouped-cv"}, "naive": accuracy, "given": None, "unlike": unlike}
    account = {"found": 2, "used": 2, "left_out": dict.fromkeys(REASONS, 0), "left_out_file": None, "classes": {"a": 2}}
    account |= {"folders_without_pictures": {}, "classes_without_pictures": {}}
    value = account | {"accuracy": figures, "policy": None, "seconds": {}, "report": "r", "bundle": "b"}
    lines = list(render.train(value))
    alarm, figure = (next(place for place, line in enumerate(lines) if word in line) for word in ("CAREFUL", "leak-fr"))
    assert alarm < figure
    assert "--group-by" in "\n".join(lines[alarm:figure])
    assert any(line.startswith("on unlike pictures:        0.500 (0.400 to 0.600)") for line in lines)
    figures["unlike"] = unlike | {"alarm": False}
    assert not any("CAREFUL" in line for line in render.train(value))
    figures["unlike"] = {"value": None, "low": None, "high": None, "note": "too few groups"}
    assert "on unlike pictures:        not measured: too few groups" in list(render.train(value))
