"""The check on a real account names it first, does nothing unconfirmed, and compares answers with Python's."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from PIL import Image
from tests.unit.bundle.factories import plain, write_small
from tools import live_aws

import discern
from discern.buckets.account_clients import AccountClients
from discern.errors import DiscernError
from discern.shipping.aws.resource_kind import BUNDLE_TAG

FAKE = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "eu-west-1"}


@pytest.fixture
def account() -> Iterator[Any]:
    before = dict(os.environ)
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION", live_aws.CONFIRMATION):
        os.environ.pop(name, None)
    os.environ.update(FAKE)
    try:
        with mock_aws():
            yield boto3.client("s3")
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    for number, colour in enumerate(((250, 0, 0), (0, 0, 250), (200, 0, 0))):
        (tmp_path / f"pictures/{number}").mkdir(parents=True)
        Image.fromarray(plain(*colour)).save(tmp_path / f"pictures/{number}/a.png")
    return [str(write_small(tmp_path / "small.discern")), str(tmp_path / "pictures")]


@pytest.mark.parametrize("said", [None, "YES"])
def test_nothing_is_done_without_a_confirmation(
    account: Any, arguments: list[str], said: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if said is not None:
        os.environ[live_aws.CONFIRMATION] = said
    assert live_aws.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out.startswith("account 123456789012, region eu-west-1\nThe bundle colours will be deployed there")
    assert "Set LIVE_AWS=yes" in err
    assert account.list_buckets()["Buckets"] == []


def test_an_account_with_resources_of_that_name_is_left_alone(
    account: Any, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    os.environ[live_aws.CONFIRMATION] = "yes"
    account.create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    account.put_bucket_tagging(Bucket="mine", Tagging={"TagSet": [{"Key": BUNDLE_TAG, "Value": "colours"}]})
    assert live_aws.main(arguments) == 2
    assert "already bucket mine" in capsys.readouterr().err
    assert [each["Name"] for each in account.list_buckets()["Buckets"]] == ["mine"]


def test_too_few_pictures_are_refused(
    account: Any, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pictures/0/a.png").unlink()
    assert live_aws.main(arguments) == 2
    assert "has 2 pictures, fewer than 3" in capsys.readouterr().err


def check(arguments: list[str]) -> live_aws.Check:
    bundle, pictures = map(Path, arguments)
    return live_aws.Check(
        bundle=bundle,
        pictures=live_aws.choose(pictures),
        folder=pictures,
        budget="1USD",
        clients=AccountClients(),
        model=discern.load(bundle),
    )


def test_the_bucket_has_the_tag_by_which_it_is_removed(account: Any, arguments: list[str]) -> None:
    name = live_aws.create_bucket(check(arguments))
    assert account.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": BUNDLE_TAG, "Value": "colours"}]
    assert discern.ship_down(bundle="colours", yes=True).done == (f"bucket {name}",)


def test_an_answer_that_differs_from_python_s_fails(account: Any, arguments: list[str]) -> None:
    checked = check(arguments)
    answer = checked.model(checked.pictures["0/a.png"])
    same = {"label": answer.label, "decision": answer.decision, "confidence": answer.confidence + 1e-5}
    live_aws.compare(checked, "0/a.png", same)
    for wrong in ({"label": "blue"}, {"decision": "unknown?"}, {"confidence": answer.confidence - 0.01}):
        with pytest.raises(live_aws.FailedStepError, match=r"0/a\.png has another answer"):
            live_aws.compare(checked, "0/a.png", same | wrong)


def test_a_failed_command_says_why(tmp_path: Path) -> None:
    with pytest.raises(live_aws.FailedStepError, match="There is no bundle to deploy"):
        live_aws.discern_command("ship", "lambda")
    with pytest.raises(DiscernError, match="has 0 pictures"):
        live_aws.choose(tmp_path)
