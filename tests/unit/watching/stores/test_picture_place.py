"""Names of picture files."""

import pytest

from discern.watching.stores.picture_place import picture_key, picture_name


@pytest.mark.parametrize(
    ("media_type", "suffix"),
    [("image/jpeg", ".jpg"), ("image/png", ".png"), ("image/heic", ".heic"), ("", ".bin"), ("text/../../x", ".bin")],
)
def test_a_name_is_made_of_the_digest_and_a_known_suffix(media_type: str, suffix: str) -> None:
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert picture_name(picture_key(b"abc"), media_type) == f"ba/{digest[2:]}{suffix}"
