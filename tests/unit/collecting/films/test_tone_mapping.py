"""High dynamic range becomes sRGB: greys stay grey and ordered, diffuse white is light, highlights are not clipped."""

import numpy as np
import pytest

from discern.collecting.films.tone_mapping import HLG, PQ, map_tones


def grey(signal: np.ndarray) -> np.ndarray:
    return np.repeat(np.uint16(np.round(signal * 65535))[None, :, None], 3, axis=2)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_greys_stay_grey_and_rise(transfer: int) -> None:
    mapped = map_tones(grey(np.linspace(0, 1, 101)), transfer).astype(int)
    assert np.ptp(mapped, axis=2).max() <= 1
    assert (np.diff(mapped[0, :, 0]) >= 0).all()
    assert mapped[0, 0, 0] == 0
    assert mapped[0, -1, 0] >= 250


@pytest.mark.parametrize(("transfer", "white", "middle"), [(PQ, 0.58, 0.38), (HLG, 0.75, 0.38)])
def test_diffuse_white_and_an_18_percent_grey_are_as_in_a_photograph(
    transfer: int, white: float, middle: float
) -> None:
    """Signals of a white sheet and of a grey card from ITU-R BT.2408."""
    light, card = map_tones(grey(np.array([white, middle])), transfer)[0, :, 0]
    assert 230 <= light <= 250
    assert 100 <= card <= 135


def test_wide_colours_become_those_of_srgb() -> None:
    """A pure red of BT.709 has these parts in BT.2020."""
    red = np.array([0.6274, 0.0691, 0.0164]) * 0.3
    signal = np.where(
        red <= 1 / 12, np.sqrt(3 * red), 0.17883277 * np.log(np.maximum(12 * red - 0.28466892, 1e-9)) + 0.55991073
    )
    mapped = map_tones(np.uint16(np.round(signal * 65535)).reshape(1, 1, 3), HLG)[0, 0].astype(int)
    assert mapped[0] > 120
    assert mapped[1:].max() < 25
