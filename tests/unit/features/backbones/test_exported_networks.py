"""Exported networks are read back as they were written, and damaged ones are not used."""

from pathlib import Path

import pytest

from discern.features.backbones.exported_networks import (
    ExportedNetwork,
    list_exports,
    make_key,
    read_export,
    write_export,
)

NETWORK = ExportedNetwork(
    graph=b"graph",
    name="timm/net",
    size=224,
    blocks={"head": (0, 5), "class_token": (5, 10)},
    weights="net.pth",
    sha256="0" * 64,
    licence="MIT",
    pretraining="flowers",
    notes=("a note",),
    difference=1e-6,
)


def test_an_export_is_read_back(tmp_path: Path) -> None:
    assert read_export(tmp_path, "key") is None
    assert list(list_exports(tmp_path)) == []
    write_export(tmp_path, "key", NETWORK)
    assert read_export(tmp_path, "key") == NETWORK
    assert list(list_exports(tmp_path)) == [NETWORK]


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".onnx", b"grapf"),
        (".onnx", b""),
        (".json", b"{"),
        (".json", b"{}"),
        (".json", b"[]"),
        (".json", b'{"graph": 1}'),
    ],
)
def test_a_damaged_export_is_not_used(tmp_path: Path, suffix: str, content: bytes) -> None:
    write_export(tmp_path, "key", NETWORK)
    (tmp_path / f"networks/key{suffix}").write_bytes(content)
    assert read_export(tmp_path, "key") is None
    assert list(list_exports(tmp_path)) == []


def test_each_fact_is_part_of_the_key() -> None:
    assert make_key(size=224, name="a") == make_key(name="a", size=224)
    assert len({make_key(name="a", size=224), make_key(name="b", size=224), make_key(name="a", size=None)}) == 3
