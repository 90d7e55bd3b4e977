"""Forged words and figures in `bundle.json`."""

import json
from collections.abc import Callable
from typing import Any

from discern.bundle import archive
from tests.attacks.forged_bundle import Forged
from tests.attacks.hostile_bundles import sound_members, with_facts

LABELS = ["dark", "red"]
MANY = 1_000_000
KINDS: dict[str, Any] = {
    "null": None,
    "true": True,
    "a number": 7,
    "a fraction": 1.5,
    "text": "words",
    "a list": [],
    "an object": {},
    "a list of lists": [[["x"]]],
    "nested objects": {"a": {"b": {"c": []}}},
}
ACCEPTED = {
    "name": ("text",),
    "version": ("text",),
    "labels": (),
    "ordered": ("true",),
    "names": ("an object",),
    "recipe": (),
    "temperature": ("a number", "a fraction"),
    "thresholds": ("an object",),
    "policy": ("null", "an object", "nested objects"),
    "unknown": ("an object", "nested objects"),
    "metrics": ("an object", "nested objects"),
    "data": ("an object", "nested objects"),
    "backbone": ("an object", "nested objects"),
    "config": ("an object", "nested objects"),
    "versions": ("an object",),
    "members": (),
}
"""The kinds of `KINDS` that each fact may have."""

REASONS = {"labels": "label", "recipe": "recipe", "members": "members|changed|hash|sha256"}


def packed(**facts: Any) -> bytes:
    """Pack the sound bundle with other facts."""
    return archive.pack(with_facts(sound_members(), **facts))


def written(text: str | bytes) -> bytes:
    """Pack the sound bundle with another text of `bundle.json`."""
    data = text if isinstance(text, bytes) else text.encode()
    return archive.pack(sound_members() | {archive.MANIFEST: data})


def sound_text() -> str:
    """Return the text of the sound `bundle.json`."""
    return sound_members()[archive.MANIFEST].decode()


def sound_fact(name: str) -> Any:
    """Return one fact of the sound `bundle.json`."""
    return json.loads(sound_text())[name]


def literal(name: str, value: str) -> bytes:
    """Pack the sound bundle with a fact that is written out, as Python would not write it."""
    facts = json.loads(sound_text()) | {name: "@HERE@"}
    return written(json.dumps(facts).replace('"@HERE@"', value))


def nested_literal(name: str, key: str, value: str) -> bytes:
    """Pack the sound bundle with a part of a fact written out."""
    facts = json.loads(sound_text())
    facts[name] |= {key: "@HERE@"}
    return written(json.dumps(facts).replace('"@HERE@"', value))


def relabelled(*labels: str) -> bytes:
    """Pack the sound bundle with other labels."""
    return packed(labels=list(labels))


def with_part(name: str, **parts: Any) -> bytes:
    """Pack the sound bundle with parts of a fact changed."""
    return packed(**{name: sound_fact(name) | parts})


def without(name: str) -> bytes:
    """Pack the sound bundle without one of its facts."""
    facts = json.loads(sound_text())
    del facts[name]
    return written(json.dumps(facts))


def _rows(kind: str, entries: dict[str, tuple[Callable[[], bytes], str]]) -> tuple[Forged, ...]:
    return tuple(Forged(kind=kind, name=name, make=make, says=says) for name, (make, says) in entries.items())


def _wrong_kinds() -> dict[str, tuple[Callable[[], bytes], str]]:
    return {
        f"{fact} is {kind}": (lambda fact=fact, value=value: packed(**{fact: value}), REASONS.get(fact, fact))
        for fact, accepted in ACCEPTED.items()
        for kind, value in KINDS.items()
        if kind not in accepted
    }


WRONG_KINDS = _rows(
    "wrong kind",
    {
        **_wrong_kinds(),
        "labels is a list of numbers": (lambda: packed(labels=[1, 2]), "label"),
        "labels is a list of lists": (lambda: packed(labels=[["dark"], ["red"]]), "label"),
        "labels is a list with null": (lambda: packed(labels=["dark", None]), "label"),
        "labels is an object": (lambda: packed(labels={"dark": 0, "red": 1}), "label"),
        "labels is text as long as the labels": (lambda: packed(labels="ab"), "label"),
        "names of numbers": (lambda: packed(names={"red": {"name": 1}}), "name"),
        "names of lists": (lambda: packed(names={"red": ["Red"]}), "name"),
        "names of text": (lambda: packed(names={"red": "Red"}), "name"),
        "names of other keys": (lambda: packed(names={"red": {"colour": "Red"}}), "name|colour"),
        "versions of numbers": (lambda: packed(versions={"discern": 1}), "version"),
        "versions of lists": (lambda: packed(versions={"discern": [1]}), "version"),
        "members of numbers": (lambda: with_part("members", **{"CARD.md": 1}), "members|CARD"),
        "members of lists": (lambda: with_part("members", **{"CARD.md": []}), "members|CARD"),
        "thresholds of text": (lambda: with_part("thresholds", accept="0.9"), "threshold|accept"),
        "thresholds of true": (lambda: with_part("thresholds", accept=True), "threshold|accept"),
        "thresholds of lists": (lambda: with_part("thresholds", unknown=[0.6]), "threshold|unknown"),
        "thresholds of objects": (lambda: with_part("thresholds", label_set={}), "threshold|label_set"),
        "thresholds of other keys": (lambda: with_part("thresholds", more=1), "threshold|more"),
        "a recipe of text": (lambda: with_part("recipe", size="32"), "recipe|size"),
        "a recipe of fractions": (lambda: with_part("recipe", size=32.0, resize=37.0), "recipe|size"),
        "a recipe of true": (lambda: with_part("recipe", size=True, resize=True), "recipe|size"),
        "a recipe of other keys": (lambda: with_part("recipe", more=1), "recipe|keys"),
        "a recipe filled with fractions": (lambda: with_part("recipe", fill=[0.5, 0.5, 0.5]), "recipe|fill"),
        "a recipe filled with text": (lambda: with_part("recipe", fill="red"), "recipe|fill"),
        "an unknown fact": (lambda: packed(colour="red"), "colour"),
        "a fact that is a method": (lambda: packed(to_bytes="x"), "to_bytes"),
        "a fact of Python": (lambda: packed(__class__="x"), "__class__"),
        **{
            f"no {fact}": (lambda fact=fact: without(fact), f"{REASONS.get(fact, fact)}|members")
            for fact in ("name", "labels", "recipe", "temperature", "thresholds", "members", "format")
        },
    },
)
NUMBER = "number|finite|digits|threshold|temperature|large|read"
NUMBERS = _rows(
    "number",
    {
        "a temperature of 10^400": (lambda: literal("temperature", "1" + "0" * 400), NUMBER),
        "a temperature of 1e999": (lambda: literal("temperature", "1e999"), NUMBER),
        "a temperature of NaN": (lambda: literal("temperature", "NaN"), NUMBER),
        "a temperature of -Infinity": (lambda: literal("temperature", "-Infinity"), NUMBER),
        "a temperature of a million digits": (lambda: literal("temperature", "9" * MANY), NUMBER),
        "a temperature of 0": (lambda: packed(temperature=0), NUMBER),
        "a temperature of -0.0": (lambda: packed(temperature=-0.0), NUMBER),
        "a temperature of -1": (lambda: packed(temperature=-1.0), NUMBER),
        "an accept threshold of 10^400": (lambda: nested_literal("thresholds", "accept", "1" + "0" * 400), NUMBER),
        "an accept threshold of 1e999": (lambda: nested_literal("thresholds", "accept", "1e999"), NUMBER),
        "an accept threshold of -1e999": (lambda: nested_literal("thresholds", "accept", "-1e999"), NUMBER),
        "an accept threshold of NaN": (lambda: nested_literal("thresholds", "accept", "NaN"), NUMBER),
        "an accept threshold above 1": (lambda: with_part("thresholds", accept=1.01), "threshold|accept"),
        "an accept threshold below 0": (lambda: with_part("thresholds", accept=-0.01), "threshold|accept"),
        "a threshold of sets above 1": (lambda: with_part("thresholds", label_set=2), "threshold|label_set"),
        "a threshold of sets below 0": (lambda: with_part("thresholds", label_set=-1), "threshold|label_set"),
        "a share of rejections above 1": (lambda: with_part("thresholds", false_rejection=7), "threshold|rejection"),
        "a share of rejections below 0": (lambda: with_part("thresholds", false_rejection=-1), "threshold|rejection"),
        "an unknown threshold of 1e999": (lambda: nested_literal("thresholds", "unknown", "1e999"), NUMBER),
        "an unknown threshold of 10^400": (lambda: nested_literal("thresholds", "unknown", "1" + "0" * 400), NUMBER),
        "a recipe of 10^6 px": (lambda: with_part("recipe", size=10**6, resize=10**6), "recipe|size"),
        "a recipe of 10^400 px": (lambda: nested_literal("recipe", "resize", "1" + "0" * 400), "recipe|size|digits"),
        "a recipe of 4096 px for a graph of 32": (
            lambda: with_part("recipe", size=4096, resize=4096, fit="stretch"),
            "recipe|size|px|match",
        ),
        "a recipe of 0 px": (lambda: with_part("recipe", size=0, resize=0), "recipe|size"),
        "a recipe of -0.0 px": (lambda: with_part("recipe", size=-0.0), "recipe|size"),
        "a recipe that enlarges before it crops": (lambda: with_part("recipe", size=32, resize=31), "recipe|resize"),
        "a recipe filled with 256": (lambda: with_part("recipe", fill=[0, 0, 256]), "recipe|fill"),
        "a recipe filled with four": (lambda: with_part("recipe", fill=[0, 0, 0, 0]), "recipe|fill"),
        "a recipe of another fit": (lambda: with_part("recipe", fit="spin"), "recipe|fit"),
        "a recipe of another filter": (lambda: with_part("recipe", filter="__class__"), "recipe|filter"),
        "a metric of 1e999": (lambda: literal("metrics", '{"accuracy": 1e999}'), NUMBER),
        "a metric of NaN": (lambda: literal("metrics", '{"accuracy": NaN}'), NUMBER),
        "a metric of 10^400": (lambda: literal("metrics", '{"accuracy": 1' + "0" * 400 + "}"), NUMBER),
        "a setting of 1e999 in a list in a list": (lambda: literal("config", '{"a": [[1, [1e999]]]}'), NUMBER),
        "a policy of -1e999": (lambda: literal("policy", '{"target": -1e999}'), NUMBER),
        "a format of 1.0": (lambda: literal("format", "1.0"), "format"),
        "a format of 1e0": (lambda: literal("format", "1e0"), "format"),
        "a format of 10^400": (lambda: literal("format", "1" + "0" * 400), "format|digits|number"),
    },
)
TEXT = "label|text|character|UTF-8|surrogate|read|distinct|unique|empty"
LABEL_TEXTS = {
    "twice": ("red", "red"),
    "twice, but for composition": ("caf\u00e9", "cafe\u0301"),
    "twice, but for a space at the end": ("red", "red "),
    "twice, but for a space at the beginning": (" red", "red"),
    "empty": ("", "red"),
    "white space alone": (" \t", "red"),
    "no-break space alone": ("\u00a0", "red"),
    "with a zero byte": ("da\0rk", "red"),
    "with a line break": ("dark\nred", "red"),
    "with a carriage return": ("dark\r", "red"),
    "with an escape": ("\x1b[2J", "red"),
    "with a C1 control": ("da\x9brk", "red"),
    "with a delete character": ("dark\x7f", "red"),
    "with a bidirectional override": ("dark\u202eder", "red"),
    "with a bidirectional isolate": ("dark\u2066der", "red"),
    "with a line separator": ("dark\u2028", "red"),
    "with a high surrogate": ("dark\ud800", "red"),
    "with a low surrogate": ("\udc00dark", "red"),
    "with surrogates in the wrong order": ("dark\udc00\ud800", "red"),
    "of a megabyte": ("x" * 2**20, "red"),
}
TEXTS = _rows(
    "text",
    {
        **{
            f"a label {what}": (lambda labels=labels: relabelled(*labels), TEXT) for what, labels in LABEL_TEXTS.items()
        },
        "no labels": (relabelled, TEXT),
        "a million labels": (lambda: relabelled(*map(str, range(MANY))), f"{TEXT}|match|more than"),
        "a label more than columns": (lambda: relabelled("dark", "red", "blue"), f"{TEXT}|match"),
        "a label fewer than columns": (lambda: relabelled("dark"), f"{TEXT}|match"),
        "a display name for no label": (lambda: packed(names={"blue": {"name": "Blue"}}), "name|blue"),
        "a display name with a surrogate": (lambda: packed(names={"red": {"name": "\ud800"}}), f"{TEXT}|name"),
        "a route with a surrogate": (lambda: packed(names={"red": {"route": "\udfff"}}), f"{TEXT}|name"),
        "a key of a display name with a surrogate": (lambda: packed(names={"\ud800": {}}), f"{TEXT}|name"),
        "a name with a surrogate": (lambda: packed(name="model\ud800"), f"{TEXT}|name"),
        "a version with a surrogate": (lambda: packed(version="\ud8001"), f"{TEXT}|version"),
        "a metric with a surrogate": (lambda: packed(metrics={"a\udc00": 1}), f"{TEXT}|metrics"),
        "a setting with a surrogate, deep": (lambda: packed(config={"a": [{"b": "\ud800"}]}), f"{TEXT}|config"),
        "a backbone with a surrogate": (lambda: packed(backbone={"name": "\udc00"}), f"{TEXT}|backbone"),
        "a policy with a surrogate": (lambda: packed(policy={"\ud800": "\ud800"}), f"{TEXT}|policy"),
        "a member with a surrogate": (lambda: with_part("members", **{"\ud800": "0" * 64}), f"{TEXT}|members"),
        "an empty name": (lambda: packed(name=""), f"{TEXT}|name"),
        "a name of a megabyte": (lambda: packed(name="x" * 2**20), f"{TEXT}|name|long"),
        "bytes that are not UTF-8": (lambda: written(sound_text().encode().replace(b"dark", b"d\xffrk")), TEXT),
        "an encoded surrogate": (lambda: written(sound_text().encode().replace(b"dark", b"d\xed\xa0\x80k")), TEXT),
        "an overlong encoding": (lambda: written(sound_text().encode().replace(b"dark", b"d\xc1\xa1rk")), TEXT),
        "UTF-16": (lambda: written(sound_text().encode("utf-16")), f"{TEXT}|canonical"),
        "UTF-32": (lambda: written(sound_text().encode("utf-32")), f"{TEXT}|canonical"),
        "a byte order mark": (lambda: written(b"\xef\xbb\xbf" + sound_text().encode()), TEXT),
        "labels given twice": (
            lambda: written(sound_text().replace('"labels"', '"labels": ["a", "b"], "labels"', 1)),
            "more than once",
        ),
        "a key of thresholds given twice": (
            lambda: written(sound_text().replace('"accept"', '"accept": 0.1, "accept"', 1)),
            "more than once",
        ),
        "a key given twice, once escaped": (
            lambda: written(sound_text().replace('"labels"', '"l\\u0061bels": ["a", "b"], "labels"', 1)),
            "more than once",
        ),
        "two values": (lambda: written(sound_text() + "{}"), f"{TEXT}|data"),
        "a comment": (lambda: written("// hello\n" + sound_text()), TEXT),
        "lists in each other in the metrics": (
            lambda: literal("metrics", '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"),
            f"{TEXT}|deep|nest",
        ),
        "a thousand lists in each other in the metrics": (
            lambda: literal("metrics", '{"a": ' + "[" * 900 + "]" * 900 + "}"),
            f"{TEXT}|deep|nest",
        ),
        "three million empty lists": (
            lambda: literal("metrics", '{"a": [' + "[]," * 3 * MANY + "1]}"),
            f"{TEXT}|large|long|more than",
        ),
    },
)
SHA = "0" * 64
MEMBERS = _rows(
    "hash",
    {
        "of a member missing": (
            lambda: packed(members={k: v for k, v in sound_fact("members").items() if k != "seen.npy"}),
            "seen|members",
        ),
        "of a member too many": (lambda: with_part("members", **{"run.py": SHA}), "run.py|members"),
        "of a path": (lambda: with_part("members", **{"../../run.py": SHA}), "run.py|members"),
        "of itself": (lambda: with_part("members", **{archive.MANIFEST: SHA}), "members|bundle.json"),
        "of another content": (lambda: with_part("members", **{"model.onnx": SHA}), "model.onnx|members|changed"),
        "in capitals": (
            lambda: packed(members={name: digest.upper() for name, digest in sound_fact("members").items()}),
            "members|changed",
        ),
        "cut short": (
            lambda: packed(members={name: digest[:32] for name, digest in sound_fact("members").items()}),
            "members|changed",
        ),
        "empty": (lambda: packed(members=dict.fromkeys(sound_fact("members"), "")), "members|changed"),
    },
)
MANIFESTS: tuple[Forged, ...] = (*WRONG_KINDS, *NUMBERS, *TEXTS, *MEMBERS)
