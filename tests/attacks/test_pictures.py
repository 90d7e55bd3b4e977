"""Files damaged at every place: each is opened, or refused by name and with the way out, in little memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from discern.errors import PictureError, PictureTooLarge
from discern.picture import Limits, open_picture
from tests.attacks.hostile_pictures import CODED, coded


@pytest.mark.parametrize("name", CODED)
def test_every_cut_within_the_first_bytes_is_explained(name):
    data = coded(name)
    for length in range(min(64, len(data))):
        _explained(data[:length])


@pytest.mark.parametrize("name", CODED)
@pytest.mark.parametrize("value", [0x00, 0x7F, 0xFF])
def test_every_single_byte_of_a_header_may_be_wrong(name, value):
    data = coded(name)
    for place in range(min(160, len(data))):
        _explained(data[:place] + bytes([value]) + data[place + 1 :])


@pytest.mark.parametrize("name", CODED)
def test_a_file_of_the_signature_and_zeros_is_explained(name):
    _explained(coded(name)[:16] + bytes(10_000))


def test_limits_hold_for_every_format():
    for name in CODED:
        with pytest.raises(PictureTooLarge):
            open_picture(coded(name), limits=Limits(max_pixels=100))


@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured by the resource module")
def test_no_attack_takes_much_memory():
    """All of them in one fresh process: the peak stays below what the files themselves and a full-size picture take."""
    program = (
        "from tests.attacks.doors import open_picture, peak_memory\n"
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


def _explained(data):
    """Open it, or check that the error says what to do."""
    try:
        open_picture(data)
    except PictureError as error:
        assert error.hint  # noqa: PT017 - which of them are pictures still is not known
