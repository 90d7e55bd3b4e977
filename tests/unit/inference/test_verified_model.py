"""A model that predicts something else than where it was trained is refused."""

from pathlib import Path

import pytest

from discern.bundle import Model, archive, load
from discern.errors import BundleDamaged
from discern.inference.verified_model import require_verified
from tests.unit.bundle.factories import write_small


class Drifted(Model):
    """Model whose probabilities are another machine's."""

    def run(self, inputs):  # type: ignore[no-untyped-def]
        outputs = super().run(inputs)
        return outputs | {"probabilities": outputs["probabilities"][:, ::-1].copy()}


@pytest.mark.parametrize("pictures", [None, 1])
def test_a_model_that_drifted_is_refused(tmp_path: Path, pictures: int | None) -> None:
    path = write_small(tmp_path / "small.discern")
    require_verified(load(path), path, pictures=pictures)
    with pytest.raises(BundleDamaged, match="golden vectors"):
        require_verified(Drifted(archive.unpack(path)), path, pictures=pictures)


def test_a_checked_bundle_is_pinned_by_its_fingerprint(tmp_path: Path) -> None:
    path = write_small(tmp_path / "small.discern")
    members, fingerprint = archive.unpack(path), load(path).fingerprint
    assert archive.unpack_checked(path, fingerprint) == members
    with pytest.raises(BundleDamaged, match="not the bundle that was deployed"):
        archive.unpack_checked(path, "f" * 64)
    data = bytearray(path.read_bytes())
    data[data.index(members["model.onnx"]) + 40] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleDamaged, match=r"model\.onnx was changed"):
        Model(archive.unpack_checked(path, fingerprint))
    path.write_bytes(b"nothing")
    with pytest.raises(BundleDamaged):
        archive.unpack_checked(path, fingerprint)
