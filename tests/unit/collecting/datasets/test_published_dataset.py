"""Data sets are found by their names, and each says where it is."""

import re

import pytest

from discern.collecting.datasets.published_dataset import DATASETS, find_dataset, require_known
from discern.errors import UsageError


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda each: each.name)
def test_each_names_its_place_and_what_to_do_without_it(dataset) -> None:
    assert dataset.page.startswith("https://")
    assert bool(dataset.address) != bool(dataset.login)
    assert (dataset.address or dataset.page) in dataset.remedy
    assert "--from PATH" in dataset.remedy
    assert dataset.md5 == "" or dataset.md5 in dataset.remedy
    re.compile(dataset.inside)


def test_names() -> None:
    assert find_dataset("CIFAR100") is find_dataset("cifar100") is not None
    assert find_dataset("bins") is None
    with pytest.raises(UsageError, match="no data set 'cifar-100'") as caught:
        require_known("cifar-100")
    assert "cifar100" in caught.value.hint
    require_known("holiday")
