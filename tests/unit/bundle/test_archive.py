"""A bundle has one canonical byte form, and anything else is rejected with a remedy."""

import io
import re
import subprocess
import sys
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


def zip_again(bundle: Path, target: Path, *, compression: int = zipfile.ZIP_STORED, extra: str | None = None) -> Path:
    members = archive.unpack(bundle)
    with zipfile.ZipFile(target, "w", compression) as out:
        for name, data in members.items():
            out.writestr(name, data)
        if extra:
            out.writestr(extra, b"x")
        out.comment = archive.fingerprint(members).encode()
    return target


def test_equal_members_give_equal_bytes(bundle: Path) -> None:
    assert archive.pack(archive.unpack(bundle)) == bundle.read_bytes()


def test_a_bundle_written_twice_is_equal(bundle: Path, tmp_path: Path) -> None:
    assert write_small(tmp_path / "again.discern").read_bytes() == bundle.read_bytes()


def test_the_zip_comment_repeats_the_fingerprint(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as opened:
        assert opened.comment.decode() == load(bundle).fingerprint


def test_members_are_stored_not_deflated(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as opened:
        assert [entry.filename for entry in opened.infolist()] == list(archive.MEMBERS)
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in opened.infolist())


def test_any_changed_byte_is_rejected(bundle: Path, tmp_path: Path) -> None:
    content = bundle.read_bytes()
    damaged = tmp_path / "damaged.discern"
    # A prime step reaches every member, their headers, and the directory at the end.
    offsets = [*range(0, len(content), 997), *range(len(content) - 700, len(content))]
    for offset in offsets:
        changed = bytearray(content)
        changed[offset] ^= 0x41
        damaged.write_bytes(bytes(changed))
        with pytest.raises(BundleError):
            load(damaged)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_rejected(bundle: Path, tmp_path: Path, share: float) -> None:
    content = bundle.read_bytes()
    truncated = tmp_path / "cut.discern"
    truncated.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BundleDamaged):
        load(truncated)


def test_appended_bytes_are_rejected(bundle: Path, tmp_path: Path) -> None:
    longer = tmp_path / "longer.discern"
    longer.write_bytes(bundle.read_bytes() + b"tail")
    with pytest.raises(BundleDamaged):
        load(longer)


def test_an_additional_member_is_rejected(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged, match="exactly the members"):
        load(zip_again(bundle, tmp_path / "extra.discern", extra="../evil.py"))


def test_compressed_members_are_rejected(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged, match="compressed"):
        load(zip_again(bundle, tmp_path / "deflated.discern", compression=zipfile.ZIP_DEFLATED))


def test_the_same_content_in_another_zip_is_rejected(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged):
        load(zip_again(bundle, tmp_path / "dated.discern"))


def test_a_missing_file_is_reported_with_the_command_that_writes_bundles(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="discern train"):
        load(tmp_path / "none.discern")


def test_another_file_is_rejected(tmp_path: Path) -> None:
    other = tmp_path / "model.discern"
    other.write_bytes(io.BytesIO(b"not a zip at all").getvalue())
    with pytest.raises(BundleDamaged, match="not a bundle"):
        load(other)


def test_a_picture_or_another_archive_is_rejected_with_the_order_of_arguments(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as pictures:
        pictures.write(tmp_path / "a.png", "a.png")
    for name, what in (("a.png", r"is a picture \(PNG\)"), ("a.zip", "an archive of other files")):
        with pytest.raises(BundleError, match=what) as raised:
            load(tmp_path / name)
        assert "bundle comes first" in raised.value.hint
        assert "again" not in str(raised.value)


def test_a_runs_folder_is_rejected_with_the_path_of_its_bundle(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "model.discern").write_bytes(bundle.read_bytes())
    with pytest.raises(BundleError, match="no bundle at") as raised:
        load(tmp_path)
    assert str(tmp_path / "model.discern") in raised.value.hint


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000 is a URL"),
        (Path("http://127.0.0.1:8000"), "http://127.0.0.1:8000 is a URL"),
        ("localhost:8000", "pass http://localhost:8000 to `discern evaluate`"),
        ("127.0.0.1:8000/predict", "pass http://127.0.0.1:8000/predict"),
    ],
)
def test_a_url_is_rejected_with_the_commands_for_servers(source: str | Path, message: str) -> None:
    with pytest.raises(BundleError, match=re.escape(message)) as raised:
        load(source)
    assert "discern.Client" in raised.value.hint


@pytest.mark.parametrize("source", ["gs://bucket/model.discern", Path("gs://bucket/model.discern")])
def test_an_address_of_another_store_is_rejected_with_its_command(source: str | Path) -> None:
    with pytest.raises(BundleError, match=r"gs://bucket/model\.discern is a URL") as raised:
        load(source)
    assert "`gcloud storage cp gs://bucket/model.discern FOLDER`" in raised.value.hint


def test_packing_requires_exactly_the_members() -> None:
    with pytest.raises(BundleError, match="exactly"):
        archive.pack({"bundle.json": b"{}"})


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory from /proc")
def test_a_large_member_is_rejected_without_a_copy(bundle: Path, tmp_path: Path) -> None:
    """A description of 100 MiB is refused for the price of the file itself."""
    members = archive.unpack(bundle)
    large = members[archive.MANIFEST].replace(b"{", b'{"about": "' + b"x" * (100 << 20) + b'", ', 1)
    path = tmp_path / "large.discern"
    path.write_bytes(archive.pack(members | {archive.MANIFEST: large}))
    code = f"""
import re
from pathlib import Path
from discern.bundle import archive
from discern.errors import BundleDamaged
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10
before = peak()
try:
    archive.unpack({str(path)!r})
except BundleDamaged as error:
    print(error.message.partition(": ")[2], peak() - before < 150)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "bundle.json is larger than 16 MiB. True"
