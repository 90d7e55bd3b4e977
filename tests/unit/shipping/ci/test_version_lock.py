"""The lock has the installed versions of everything that is needed, and nothing else."""

import re
from importlib import metadata

from discern.shipping.ci.version_lock import TORCH, version_lock


def lines(*, torch: bool = False) -> dict[str, str]:
    found = [line for line in version_lock(torch=torch).splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[^\s=]+", line) for line in found)
    return dict(line.split("==") for line in found)


def test_what_is_needed_directly_and_indirectly_has_its_installed_version() -> None:
    found = lines()
    assert list(found) == sorted(found)
    for name in ("discern-vision", "numpy", "onnxruntime", "scikit-learn", "joblib"):
        assert found[name] == metadata.version(name)


def test_tools_of_the_development_and_extras_are_left_out() -> None:
    assert not {"pytest", "ruff", "mypy", "boto3"} & lines().keys()


def test_pytorch_is_there_only_where_the_method_needs_it() -> None:
    assert not set(TORCH) & lines().keys()
    installed = {name for name in TORCH if any(metadata.distributions(name=name))}
    assert installed <= lines(torch=True).keys()


def test_the_lock_says_how_digests_are_added() -> None:
    assert "--generate-hashes" in version_lock(torch=False).partition("==")[0]
