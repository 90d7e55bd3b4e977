"""The template of the function is valid, and its role may do no more than the options need."""

import re
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from discern.errors import UsageError
from discern.shipping.lambda_options import LambdaOptions
from discern.shipping.lambda_template import lambda_template
from tests.unit.shipping.factories import shipped

QUEUE = "arn:aws:sqs:us-east-1:123456789012:answers"


def build(folder: Path, **options: Any) -> str:
    bundle = shipped(folder, name='Ripe: "bananas" & co')
    return lambda_template(bundle, LambdaOptions(**options), memory=1769, needed_gb=0.16)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"snapstart": True},
        {"image": True, "arch": "arm64"},
        {"bucket": "my-pictures", "queue": QUEUE, "speech": "polly", "threshold": 0.9, "allow_urls": True},
        {"capture": "s3://b-1/kept"},
    ],
)
def test_the_template_is_valid(tmp_path: Path, options: dict[str, Any]) -> None:
    text = build(tmp_path, **options)
    assert [str(match) for match in cfnlint.lint(text)] == []
    assert ("SnapStart" in text) is options.get("snapstart", False)
    assert text.count("discern:fingerprint") == 5  # of four resources, and in the command that deploys it


def actions(text: str) -> set[str]:
    return {name for found in re.findall(r"Action: \[(.*)\]", text) for name in found.split(", ")}


def test_the_role_may_do_what_the_options_need_only(tmp_path: Path) -> None:
    log = {"logs:CreateLogStream", "logs:PutLogEvents"}
    read = {"s3:GetObject", "s3:GetObjectVersion"}
    assert actions(build(tmp_path)) == log
    beside = build(tmp_path, bucket="b-1")
    assert actions(beside) == log | read | {"s3:PutObject"}
    assert "s3:::b-1/*.discern.json" in beside
    assert actions(build(tmp_path, bucket="b-1", queue=QUEUE)) == log | read | {"sqs:SendMessage"}
    captured = build(tmp_path, capture="s3://b-1/kept/live")
    assert actions(captured) == log | {"s3:PutObject"}
    assert "s3:::b-1/kept/live/*" in captured
    assert "DISCERN_CAPTURE: " in captured
    assert actions(build(tmp_path, speech="polly")) == log | {"polly:SynthesizeSpeech"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"arch": "mips"}, "Unknown architecture"),
        ({"speech": "sing"}, "Unknown speech"),
        ({"memory": 64}, "not allowed"),
        ({"threshold": float("nan")}, "not a probability"),
        ({"bucket": "s3://a"}, "not the name of a bucket"),
        ({"bucket": "a-b", "queue": "answers"}, "not the ARN"),
        ({"queue": QUEUE}, "answers about a bucket"),
        ({"cors": 'x"\n'}, "not an origin"),
        ({"capture": "captures"}, "not a place in a bucket"),
        ({"capture": "s3://b-1"}, "not a place in a bucket"),
        ({"capture": "s3://b-1/a${b}"}, "not a place in a bucket"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        LambdaOptions(**options)
