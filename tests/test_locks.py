"""All that is installed from elsewhere is locked by version and hash, and the locks agree with what they lock."""

import json
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK, NODE_LOCK = "requirements-dev.txt", "tools/javascript/requirements.txt"
SERVER = ROOT / "src/discern/shipping/container/requirements.in"
SERVER_LOCK = "src/discern/shipping/container/requirements.txt"
PACKAGE_LOCK = ROOT / "tools/javascript/package-lock.json"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.y*ml"))


def entries(name: str) -> list[str]:
    """The entries of a lock, each with its hashes on one line."""
    return (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def locked(name: str) -> dict[str, str]:
    found = [Requirement(entry.partition(" --hash=")[0]) for entry in entries(name)]
    assert all(re.fullmatch(r"==[^,*]+", str(each.specifier)) for each in found)
    times = Counter(each.name for each in found)
    # A package may have a version for each of several Pythons, of which one is this one.
    here = [each for each in found if times[each.name] == 1 or (each.marker and each.marker.evaluate())]
    versions = {canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in here}
    assert len(versions) == len(here) == len(times), "a package is locked twice, or not for this Python"
    return versions


def wanted(*extras: str) -> list[Requirement]:
    """The requirements of the project and of some extras, those that extras take from each other included."""
    texts = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    for extra in extras:
        texts += PROJECT["project"]["optional-dependencies"][extra]
    found = [Requirement(text) for text in texts]
    inner = [each for each in found if each.name == PROJECT["project"]["name"]]
    if not inner:
        return found
    return [each for each in found if each not in inner] + wanted(
        *sorted(name for each in inner for name in each.extras)
    )


@pytest.mark.parametrize("name", [LOCK, NODE_LOCK, SERVER_LOCK])
def test_each_entry_of_a_lock_has_its_hashes(name: str) -> None:
    for entry in entries(name):
        requirement, *hashes = re.split(r"\s+--hash=", entry.strip())
        assert hashes, requirement
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", each) for each in hashes), requirement


@pytest.mark.parametrize("name", [LOCK, NODE_LOCK, SERVER_LOCK])
def test_a_lock_names_no_place(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|^\s*-(?!-hash=)|[@#]|file:|\.\.?/", text, re.MULTILINE)


@pytest.mark.parametrize("requirement", wanted("dev"), ids=str)
def test_the_lock_has_what_the_project_asks_for(requirement: Requirement) -> None:
    version = locked(LOCK).get(canonicalize_name(requirement.name))
    assert version is not None, "run `make lock`"
    assert requirement.specifier.contains(version, prereleases=True), "run `make lock`"


def test_the_server_s_image_is_locked_as_its_list_asks_for() -> None:
    asked = [Requirement(line) for line in SERVER.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert asked
    assert {canonicalize_name(each.name) for each in asked} <= locked(SERVER_LOCK).keys(), "run `make lock`"
    assert locked(SERVER_LOCK).items() <= locked(LOCK).items(), "run `make lock`"


def test_node_is_locked_as_the_project_asks_for() -> None:
    (requirement,) = map(Requirement, PROJECT["dependency-groups"]["node"])
    versions = locked(NODE_LOCK)
    assert list(versions) == [requirement.name]
    assert requirement.specifier.contains(versions[requirement.name])


def test_each_npm_package_has_its_hash() -> None:
    packages = json.loads(PACKAGE_LOCK.read_text(encoding="utf-8"))["packages"]
    assert [name for name, each in packages.items() if name and not each["integrity"].startswith("sha512-")] == []


def test_pip_installs_no_package_without_its_hash() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    installs = [line for line in makefile.splitlines() if line.startswith("\t$(PIP)") or "pip install" in line]
    checked = ("--require-hashes --only-binary :all:", "--no-deps --no-build-isolation", "PIP :=")
    assert [line for line in installs if not any(option in line for option in checked)] == []
    script = (ROOT / "tools/lint_javascript.py").read_text(encoding="utf-8")
    assert "--require-hashes" in script
    assert '"ci"' in script


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    uses = re.findall(r"uses: *(.+)", path.read_text(encoding="utf-8"))
    assert uses
    assert [each for each in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_can_only_read_and_keeps_no_credentials(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^permissions:\n  contents: read\n", text, re.MULTILINE)
    assert "write" not in text
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
