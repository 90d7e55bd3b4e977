import io
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from discern.bundle import archive, load
from discern.errors import BundleDamaged, BundleError
from tests.unit.bundle.factories import write_small


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("bundle") / "model.discern")


def rezip(bundle: Path, target: Path, *, compression: int = zipfile.ZIP_STORED, extra: str | None = None) -> Path:
    members = archive.unpack(bundle)
    with zipfile.ZipFile(target, "w", compression) as out:
        for name, data in members.items():
            out.writestr(name, data)
        if extra:
            out.writestr(extra, b"x")
        out.comment = archive.fingerprint(members).encode()
    return target


def test_the_same_members_give_the_same_bytes(bundle: Path) -> None:
    assert archive.pack(archive.unpack(bundle)) == bundle.read_bytes()


def test_two_writings_are_equal(bundle: Path, tmp_path: Path) -> None:
    assert write_small(tmp_path / "again.discern").read_bytes() == bundle.read_bytes()


def test_the_zip_comment_repeats_the_fingerprint(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as opened:
        assert opened.comment.decode() == load(bundle).fingerprint


def test_members_are_stored_not_deflated(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as opened:
        assert [entry.filename for entry in opened.infolist()] == list(archive.MEMBERS)
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in opened.infolist())


def test_any_changed_byte_is_refused(bundle: Path, tmp_path: Path) -> None:
    whole = bundle.read_bytes()
    damaged = tmp_path / "damaged.discern"
    # Prime steps land in every member, in the headers and in the directory at the end.
    places = [*range(0, len(whole), 997), *range(len(whole) - 700, len(whole))]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 0x41
        damaged.write_bytes(bytes(changed))
        with pytest.raises(BundleError):
            load(damaged)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(bundle: Path, tmp_path: Path, share: float) -> None:
    whole = bundle.read_bytes()
    cut = tmp_path / "cut.discern"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BundleDamaged):
        load(cut)


def test_appended_bytes_are_refused(bundle: Path, tmp_path: Path) -> None:
    longer = tmp_path / "longer.discern"
    longer.write_bytes(bundle.read_bytes() + b"tail")
    with pytest.raises(BundleDamaged):
        load(longer)


def test_a_member_that_is_not_on_the_list_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged, match="exactly the members"):
        load(rezip(bundle, tmp_path / "extra.discern", extra="../evil.py"))


def test_compressed_members_are_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged, match="compressed"):
        load(rezip(bundle, tmp_path / "deflated.discern", compression=zipfile.ZIP_DEFLATED))


def test_the_same_content_in_another_zip_form_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged):
        load(rezip(bundle, tmp_path / "dated.discern"))


def test_a_missing_file_says_where_bundles_come_from(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="discern train"):
        load(tmp_path / "none.discern")


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "model.discern"
    foreign.write_bytes(io.BytesIO(b"not a zip at all").getvalue())
    with pytest.raises(BundleDamaged, match="not a bundle"):
        load(foreign)


def test_a_picture_or_an_archive_of_pictures_in_its_place_says_the_order(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as pictures:
        pictures.write(tmp_path / "a.png", "a.png")
    for name, what in (("a.png", r"is a picture \(PNG\)"), ("a.zip", "an archive of other files")):
        with pytest.raises(BundleError, match=what) as raised:
            load(tmp_path / name)
        assert "bundle is named first" in raised.value.hint
        assert "again" not in str(raised.value)


def test_the_folder_of_a_run_says_where_its_bundle_is(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "model.discern").write_bytes(bundle.read_bytes())
    with pytest.raises(BundleError, match="no bundle at") as raised:
        load(tmp_path)
    assert str(tmp_path / "model.discern") in raised.value.hint


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000 is an address"),
        (Path("http://127.0.0.1:8000"), "http://127.0.0.1:8000 is an address"),
        ("s3://bucket/model.discern", "s3://bucket/model.discern is an address"),
        ("localhost:8000", "write http://localhost:8000 to `discern evaluate`"),
        ("127.0.0.1:8000/predict", "write http://127.0.0.1:8000/predict"),
    ],
)
def test_an_address_says_what_asks_servers(given: str | Path, says: str) -> None:
    with pytest.raises(BundleError, match=re.escape(says)) as raised:
        load(given)
    assert "discern.Client" in raised.value.hint


def test_packing_wants_exactly_the_members() -> None:
    with pytest.raises(BundleError, match="exactly"):
        archive.pack({"bundle.json": b"{}"})
