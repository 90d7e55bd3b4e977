"""Formats whose decoder is not installed are rejected with a reason."""

import subprocess
import sys

import pytest

_READ = r"""
import sys
sys.modules[{blocked!r}] = None
from discern.errors import NotAPicture
from discern.picture import read_header
box = b"\0\0\0\x18ftyp{brand}\0\0\0\0mif1{brand}"
try:
    read_header(box + b"\0" * 64)
except NotAPicture as error:
    print(error)
"""


@pytest.mark.parametrize(("blocked", "brand", "name"), [("pi_heif", "heic", "HEIC"), ("PIL._avif", "avif", "AVIF")])
def test_a_format_without_its_decoder_is_rejected_as_such(blocked: str, brand: str, name: str) -> None:
    code = _READ.format(blocked=blocked, brand=brand)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{name} pictures are not supported by this installation. Convert")
