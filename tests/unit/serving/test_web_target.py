"""The web target keeps the contract of export targets, with a model in the browser and with a server."""

from dataclasses import replace
from pathlib import Path

import pytest

from discern.bundle import Model
from discern.bundle.archive import unpack
from discern.errors import UsageError
from discern.progress import silent
from discern.serving.example_pictures import Example
from discern.serving.target import VerifiedBundle
from discern.serving.target_registry import TARGETS, find_target
from discern.serving.testing import TargetContract
from discern.serving.web_target import WebConfig, WebTarget
from tests.unit.bundle.factories import write_small
from tests.unit.serving.test_browser_engine import make_archive, make_package

EXAMPLES = (Example(name="one", jpeg=b"first"),)


def small_bundle(folder: Path) -> VerifiedBundle:
    members = unpack(write_small(folder / "model.discern"))
    return VerifiedBundle(model=Model(members), members=members)


class TestLocalSite(TargetContract):
    def target(self) -> WebTarget:
        package = make_package(make_archive())
        names = ("onnxruntime.js", "onnxruntime.wasm")
        return WebTarget(engine=replace(package, files=dict(zip(package.files, names, strict=True))))

    def config(self, folder: Path) -> WebConfig:
        # One folder for all: the path is part of the options.
        archive = folder.parent.parent / "a.tgz"
        archive.write_bytes(make_archive())
        return WebConfig(runtime=archive, examples=EXAMPLES)

    def bundle(self, folder: Path) -> VerifiedBundle:
        return small_bundle(folder)


class TestRemoteSite(TargetContract):
    def target(self) -> WebTarget:
        return WebTarget()

    def config(self, folder: Path) -> WebConfig:
        return WebConfig(api="https://pictures.example.org", examples=EXAMPLES)

    def bundle(self, folder: Path) -> VerifiedBundle:
        return small_bundle(folder)


def test_options_choose_between_browser_and_server(tmp_path: Path) -> None:
    local, remote = TestLocalSite(), TestRemoteSite()
    (tmp_path / "a/b").mkdir(parents=True)
    bundle = small_bundle(tmp_path)
    assert local.target().build(bundle, local.config(tmp_path / "a/b"), progress=silent).door == "local"
    assert remote.target().build(bundle, remote.config(tmp_path), progress=silent).door == "remote"


def test_a_server_and_a_runtime_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="needs no runtime") as raised:
        WebConfig(api="https://pictures.example.org", runtime=Path("a.tgz"))
    assert "--api" in raised.value.hint


def test_targets_are_found_by_name() -> None:
    assert all(find_target(name) is target for name, target in TARGETS.items())
    with pytest.raises(UsageError, match="'phone'") as raised:
        find_target("phone")
    assert "web" in raised.value.hint
