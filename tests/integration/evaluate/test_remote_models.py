"""`discern evaluate` of servers, alone and compared: the metrics of their bundles on the same pictures."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from discern.bundle import load
from discern.client import Client
from discern.errors import DataError, Unauthorized, Unreachable
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.evaluate.models import open_models
from discern.flow.evaluate.result import EvaluateResult
from discern.flow.rename import rename
from discern.flow.serve import key
from discern.flow.train import TrainResult
from tests.e2e.served import started
from tests.integration.workspace import Workspace
from tests.unit.bundle.factories import plain, write_small
from tests.unit.client.fake_server import Reply, serving
from tests.unit.training.factories import write_colours


@pytest.fixture(scope="module")
def fresh(shared_workspace: Workspace) -> Path:
    return write_colours(shared_workspace.folder / "fresh to servers", each=8, seed=5)


@pytest.fixture(scope="module")
def ordered(shared_workspace: Workspace) -> TrainResult:
    """Train with a policy, prediction sets and an order, so that every metric is there."""
    photos = write_colours(shared_workspace.folder / "for servers", each=24, seed=2)
    return shared_workspace.train(
        photos, name="served", at_most_wrong=0.2, coverage=0.8, ordered=["green", "red", "blue"]
    )


@pytest.fixture(scope="module")
def address(shared_workspace: Workspace, trained: TrainResult, ordered: TrainResult) -> Iterator[str]:
    with started(f"plain={trained.bundle}", f"ordered={ordered.bundle}") as (url, _):
        yield url


def flat(value: Any, at: str = "") -> dict[str, Any]:
    """Leaves of a JSON value, by path."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {name: leaf for key, each in pairs for name, leaf in flat(each, f"{at}/{key}").items()}
    return {at: value}


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    one, other = flat(one), flat(other)
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert other[name] == (pytest.approx(value, abs=1e-4) if isinstance(value, float) else value), name


def test_metrics_of_a_server_are_those_of_its_bundle(
    shared_workspace: Workspace, ordered: TrainResult, address: str, fresh: Path, tmp_path: Path
) -> None:
    negatives = write_colours(tmp_path / "others", each=4, seed=11)
    own = evaluate(ordered.bundle, fresh, negatives=negatives, cache=shared_workspace.cache).to_json()
    url = f"{address}/predict?model=ordered"
    found = evaluate(url, fresh, negatives=negatives, cache=shared_workspace.cache).to_json()
    assert own["policy"]
    assert own["conformal"]
    assert own["ordered"]
    assert own["unknown"]
    same(found, own | {"of": f"{address}?model=ordered", "seen": None})


def test_training_pictures_of_a_server_are_not_known(
    shared_workspace: Workspace, trained: TrainResult, address: str
) -> None:
    runs = shared_workspace.folder / "evaluations of a server"
    found = evaluate(address, shared_workspace.photos, runs=runs, cache=shared_workspace.cache)
    assert (found.seen, found.pictures) == (None, 36)
    assert found.page is not None
    assert "Training pictures are not known" in found.page.read_text("utf-8")
    with pytest.raises(DataError, match="trained on all"):
        evaluate(address, shared_workspace.photos, against=[trained.bundle], cache=shared_workspace.cache)


@pytest.fixture(scope="module")
def compared(
    shared_workspace: Workspace, trained: TrainResult, ordered: TrainResult, address: str, fresh: Path
) -> EvaluateResult:
    others = [address, ordered.bundle]
    runs = shared_workspace.folder / "evaluations of servers"
    return evaluate(trained.bundle, fresh, against=others, runs=runs, cache=shared_workspace.cache)


class TestComparisons:
    def test_each_has_the_metrics_it_has_alone(
        self, shared_workspace: Workspace, ordered: TrainResult, compared: EvaluateResult, fresh: Path
    ) -> None:
        alone = evaluate(ordered.bundle, fresh, cache=shared_workspace.cache).to_json()
        found = compared.to_json()["against"][1]
        own = {"difference", "per_class_difference", "of"}
        same(
            {name: value for name, value in found.items() if name not in own},
            {name: alone[name] for name in found if name not in own},
        )
        assert found["of"] == str(ordered.bundle)
        assert json.loads(json.dumps(compared.to_json(), allow_nan=False)) == compared.to_json()

    def test_a_bundle_and_its_server_do_not_differ(self, address: str, compared: EvaluateResult) -> None:
        server = compared.against[0]
        assert (server.of, server.fingerprint) == (address, compared.fingerprint)
        assert server.difference.value == 0
        assert server.difference.low < 0 < server.difference.high
        # The bundle publishes what the server does not.
        assert compared.seen is not None
        assert compared.page is not None
        assert "Training pictures are not known" not in compared.page.read_text("utf-8")

    def test_the_difference_is_the_gain_of_the_evaluated_model(
        self, tmp_path: Path, shared_workspace: Workspace
    ) -> None:
        right = write_small(tmp_path / "right.discern")
        wrong = write_small(tmp_path / "wrong.discern", labels=("red", "dark"))
        for label, reds in (("red", range(200, 256, 2)), ("dark", range(0, 56, 2))):
            (tmp_path / "photos" / label).mkdir(parents=True)
            for red in reds:
                pixels = np.random.default_rng(red).integers(0, 40, (40, 40, 3)) + plain(red, 0, 0)
                Image.fromarray(np.uint8(pixels.clip(0, 255))).save(tmp_path / "photos" / label / f"{red}.png")
        found = evaluate(load(right), tmp_path / "photos", against=[load(wrong)], cache=shared_workspace.cache)
        assert found.metrics.accuracy.value == 1
        assert found.against[0].metrics.accuracy.value == 0
        assert found.against[0].difference.value == 1

    def test_only_labels_that_all_know_are_evaluated(
        self, tmp_path: Path, shared_workspace: Workspace, trained: TrainResult
    ) -> None:
        other = write_small(tmp_path / "other.discern", labels=("red", "violet"))
        fresh = write_colours(tmp_path / "fresh", each=4, seed=7)
        found = evaluate(trained.bundle, fresh, against=[other], cache=shared_workspace.cache)
        assert found.pictures == 4
        assert found.other_labels == {"blue": 4, "green": 4}


ABOUT = {
    "labels": ["dark", "red"],
    "ordered": False,
    "policy": None,
    "thresholds": {"unknown": 0.6, "accept": 0.9, "set": None},
    "fingerprint": "old",
}


class TestErrors:
    @pytest.mark.parametrize(
        "changes",
        [
            {"labels": ["red", "red"]},
            {"labels": "dark"},
            {"labels": [1, 2]},
            {"thresholds": {"unknown": "high", "accept": 0.9, "set": None}},
            {"thresholds": {"unknown": 0.6, "accept": 3, "set": None}},
            {"thresholds": {"unknown": 0.6}},
            {"policy": "accept all"},
            {"ordered": "no"},
            {"fingerprint": None},
        ],
    )
    def test_a_malformed_description_is_rejected(self, changes: dict[str, object]) -> None:
        with serving(Reply(body=ABOUT | changes)) as server, pytest.raises(Unreachable, match="does not describe"):
            open_models([server.url], key=None).__enter__()

    def test_a_key_is_sent_to_its_own_server_alone(self) -> None:
        with serving(Reply(body=ABOUT)) as first, serving(Reply(body=ABOUT)) as second:
            for key in ("mine", {first.url + "/predict": "mine", second.url: "theirs"}):
                with open_models([first.url + "?model=a", second.url], key=key) as models:
                    assert [model.of for model in models] == [first.url + "?model=a", second.url]
            sent = [[request.headers.get("Authorization") for request in server.requests] for server in (first, second)]
        assert sent == [["Bearer mine", "Bearer mine"], [None, "Bearer theirs"]]

    def test_a_key_grants_access(self, tmp_path: Path, shared_workspace: Workspace) -> None:
        bundle = write_small(tmp_path / "a.discern")
        made = key("me", key_file=tmp_path / "keys.txt")
        (tmp_path / "photos" / "red").mkdir(parents=True)
        for red in (200, 220, 240):
            Image.fromarray(plain(red, 0, 0)).save(tmp_path / "photos" / "red" / f"{red}.png")
        with started(bundle, "--key-file", tmp_path / "keys.txt") as (url, _):
            assert evaluate(url, tmp_path / "photos", key=made.key, cache=shared_workspace.cache).pictures == 3
            with Client(url, made.key) as client:
                assert evaluate(client, tmp_path / "photos", cache=shared_workspace.cache).pictures == 3
            with pytest.raises(Unauthorized):
                evaluate(url, tmp_path / "photos", cache=shared_workspace.cache)

    def test_pictures_that_a_server_rejects_are_listed_and_excluded(
        self, tmp_path: Path, shared_workspace: Workspace
    ) -> None:
        bundle = write_small(tmp_path / "a.discern")
        folder = tmp_path / "photos" / "red"
        folder.mkdir(parents=True)
        for red in (200, 220, 240):
            Image.fromarray(plain(red, 0, 0)).save(folder / f"{red}.png")
        alone = evaluate(bundle, tmp_path / "photos", cache=shared_workspace.cache).to_json()
        noise = np.random.default_rng(3).integers(0, 255, (90, 90, 3))
        large = folder / "large.png"
        Image.fromarray(np.uint8(noise)).save(large)
        with started(bundle, "--max-mb", "0.01") as (url, _):
            found = evaluate(bundle, tmp_path / "photos", against=[url], cache=shared_workspace.cache).to_json()
            assert list(found["refused"]) == [str(large)]
            assert "bytes" in found["refused"][str(large)]
            same({**found, "against": []}, alone | {"refused": found["refused"], "seen": 0})
            for path in folder.glob("2*.png"):
                path.unlink()
            with pytest.raises(DataError, match="rejects all 1 pictures"):
                evaluate(url, tmp_path / "photos", cache=shared_workspace.cache)

    @pytest.mark.parametrize("described", [{}, {"fingerprint": "a", "labels": 3}, {"labels": ["a"], "thresholds": []}])
    def test_a_server_without_a_description_is_refused(self, described: dict[str, Any], fresh: Path) -> None:
        with (
            serving(Reply(body=described)) as server,
            pytest.raises(Unreachable, match="does not describe"),
        ):
            evaluate(server.url, fresh)

    def test_a_model_replaced_meanwhile_is_refused(self, tmp_path: Path, shared_workspace: Workspace) -> None:
        model = load(write_small(tmp_path / "a.discern"))
        (tmp_path / "photos" / "red").mkdir(parents=True)
        Image.fromarray(plain(200, 0, 0)).save(tmp_path / "photos" / "red" / "a.png")
        answer = model(plain(200, 0, 0)).to_json()
        with serving(Reply(body=ABOUT), Reply(body=answer)) as server, pytest.raises(DataError, match="replaced"):
            evaluate(server.url, tmp_path / "photos", cache=shared_workspace.cache)


def test_a_server_publishes_the_aliases_by_which_labels_match(
    shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    (tmp_path / "names.csv").write_text("label,alias\nrosso,red\n")
    renamed = rename(trained.bundle, tmp_path / "names.csv", tmp_path / "renamed.discern").bundle
    with started(f"colours={renamed}") as (url, _):
        judged = evaluate(url, fresh, cache=shared_workspace.cache)
    assert (judged.pictures, judged.taken_for) == (24, {"red": "rosso"})
