"""Files damaged at every offset are decoded or rejected with a remedy, in bounded memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from discern.errors import PictureError, PictureTooLarge
from discern.picture import Limits, open_picture
from tests.attacks.hostile_pictures import ENCODED, encoded


@pytest.mark.parametrize("name", ENCODED)
def test_files_truncated_within_the_header_are_explained(name):
    data = encoded(name)
    for length in range(min(64, len(data))):
        _check_outcome(data[:length])


@pytest.mark.parametrize("name", ENCODED)
@pytest.mark.parametrize("value", [0x00, 0x7F, 0xFF])
def test_any_byte_of_a_header_may_be_wrong(name, value):
    data = encoded(name)
    for offset in range(min(160, len(data))):
        _check_outcome(data[:offset] + bytes([value]) + data[offset + 1 :])


@pytest.mark.parametrize("name", ENCODED)
def test_a_signature_followed_by_zeros_is_explained(name):
    _check_outcome(encoded(name)[:16] + bytes(10_000))


def test_limits_apply_to_every_format():
    for name in ENCODED:
        with pytest.raises(PictureTooLarge):
            open_picture(encoded(name), limits=Limits(max_pixels=100))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured by the resource module")
def test_attacks_use_bounded_memory():
    """Run all attacks in one fresh process: its peak memory stays below that of the files and one large picture."""
    program = (
        "from tests.attacks.entry_points import open_picture, peak_memory\n"
        "from tests.attacks.hostile_pictures import HARMLESS, MEBI, REFUSED\n"
        "from discern.errors import PictureError\n"
        "for make in [*[make for make, _ in REFUSED.values()], *HARMLESS.values()]:\n"
        "    try: open_picture(make())\n"
        "    except PictureError: pass\n"
        "print(peak_memory() / MEBI)\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) < 500


def _check_outcome(data):
    """Decode a file, or check that its error has a hint."""
    try:
        open_picture(data)
    except PictureError as error:
        assert error.hint  # noqa: PT017 - some of the files can still be decoded
