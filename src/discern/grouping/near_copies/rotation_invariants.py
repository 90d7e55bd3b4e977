"""Descriptions of a picture that no turn and no mirror changes, for proposing copies.

Discs of the picture are read along rings and angles and Fourier-transformed along the angle. A turn moves only the
phases and a mirror conjugates them, so magnitudes and the phase relations of neighbouring rings stay, as in the
Fourier-Mellin invariants of Derrode and Ghorbel (2001), "Robust and efficient Fourier-Mellin transform
approximations for gray-level image reconstruction and complete invariant description". The phases then tell the angle.

Points of a picture are written in its *frame*: origin in the middle, x to the right, y down, unit half the shorter
side.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

RINGS, FINER, ANGLES, ORDERS = 8, 2, 48, 10
# How far the disc reaches (1: the largest that fits), and its middle as a share of the half width and half height.
# Each step zooms by a tenth, down to what is left of a 4:3 picture turned by 45 degrees whose corners are cut.
VIEWS = np.array(
    [
        (1.0, 0.0, 0.0),
        (0.91, 0.0, 0.0),
        (0.91, 0.07, 0.07),
        (0.91, -0.07, 0.07),
        (0.91, 0.07, -0.07),
        (0.91, -0.07, -0.07),
        (0.83, 0.0, 0.0),
        (0.75, 0.0, 0.0),
        (0.68, 0.0, 0.0),
        (0.62, 0.0, 0.0),
    ],
    dtype=np.float32,
)
_RING_WEIGHTS = ((np.arange(RINGS) + 0.5) / (np.arange(RINGS) + 0.5).sum()).astype(np.float32)
_FLATTEST = 2.0
_TURNS = 96
_FITTED = 1024


def blur(planes: np.ndarray, sigma: float) -> np.ndarray:
    """Smooth float32 [n, H, W] with a Gaussian of `sigma` pixels; the borders are repeated."""
    reach = int(3 * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    for axis in (1, 2):
        around = [(reach, reach) if a == axis else (0, 0) for a in range(3)]
        moving = np.moveaxis(np.pad(planes, around, "edge"), axis, 0)
        size = planes.shape[axis]
        smooth = sum(weight * moving[o : o + size] for o, weight in enumerate(kernel))
        planes = np.moveaxis(np.asarray(smooth), 0, axis)
    return planes


def brightness(pixels: np.ndarray) -> np.ndarray:
    """Turn uint8 [..., 3] into float32 luma [...] of 0-255 (ITU-R BT.601)."""
    luma: np.ndarray = pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return luma


def halved(planes: np.ndarray) -> np.ndarray:
    """Average blocks of 2 x 2 pixels: float32 [n, 2H, 2W] to [n, H, W]."""
    pairs = planes[:, ::2] + planes[:, 1::2]
    smaller: np.ndarray = (pairs[:, :, ::2] + pairs[:, :, 1::2]) / 4
    return smaller


def half_extents(widths: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Half width and half height in frame units, float32 [n, 2]; the smaller one is 1."""
    sizes = np.stack([widths, heights], axis=1).astype(np.float32)
    extents: np.ndarray = sizes / sizes.min(axis=1, keepdims=True)
    return extents


def ring_spectra(smooth: np.ndarray, extents: np.ndarray, view: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read one disc of each picture and transform it along the angle.

    Args:
        smooth: slightly blurred brightness of square thumbnails, float32 [n, S, S].
        extents: of the pictures, float32 [n, 2].
        view: a row of `VIEWS`.

    Returns:
        complex64 [n, RINGS, ORDERS], of mean 0 and deviation 1 over the disc, and the deviation in grey levels [n].
    """
    count, side, _ = smooth.shape
    radius = ((np.arange(RINGS * FINER) + 0.5) / (RINGS * FINER) * 0.97 * view[0]).astype(np.float32)
    angle = (np.arange(ANGLES) * 2 * np.pi / ANGLES).astype(np.float32)
    circle = np.stack([np.outer(radius, np.cos(angle)).ravel(), np.outer(radius, np.sin(angle)).ravel()])
    column, row = (
        np.clip((circle[a] / extents[:, a : a + 1] + view[1 + a] + 1) * (side / 2), 0, side - 1).astype(np.int64)
        for a in (0, 1)
    )
    places = (np.arange(count) * side * side)[:, None] + row * side + column
    disc = smooth.reshape(-1).take(places).reshape(count, RINGS, FINER, ANGLES).mean(axis=2)
    disc -= (disc.mean(axis=2) @ _RING_WEIGHTS)[:, None, None]
    deviation = np.sqrt((disc**2).mean(axis=2) @ _RING_WEIGHTS)
    spectra = np.fft.rfft(disc, axis=2)[:, :, :ORDERS] / ANGLES
    spectra *= np.sqrt(_RING_WEIGHTS)[:, None] / np.maximum(deviation, _FLATTEST)[:, None, None]
    return spectra.astype(np.complex64), deviation


@dataclass(frozen=True, kw_only=True)
class InvariantDescriptor:
    """What ring spectra are weighed and whitened with, so that what all pictures of a set share counts little.

    Args:
        weights: of rings and orders, float32 [RINGS, ORDERS].
        mean: of the raw descriptors, float32 [D].
        whitening: raw descriptors to short ones, float32 [D, d].
    """

    weights: np.ndarray
    mean: np.ndarray
    whitening: np.ndarray

    @classmethod
    def fit(cls, spectra: np.ndarray, *, length: int = 64) -> Self:
        """Learn from a sample of the set's own spectra [n, RINGS, ORDERS], read a few at a time."""
        some = [spectra[start : start + _FITTED] for start in range(0, len(spectra), _FITTED)]
        power = sum((np.abs(few) ** 2).sum(axis=0, dtype=np.float64) for few in some) / len(spectra)
        weights = (1 / (np.sqrt(power) + 0.003)).astype(np.float32)
        total, products = np.zeros(1), np.zeros(1)
        for few in some:
            raw = _invariants(few * weights).astype(np.float64)
            total, products = total + raw.sum(axis=0), products + raw.T @ raw
        mean = total / len(spectra)
        covariance = products / len(spectra) - np.outer(mean, mean)
        values, vectors = np.linalg.eigh(covariance + 1e-9 * np.eye(len(mean)))
        values, vectors = values[::-1][:length], vectors[:, ::-1][:, :length]
        whitening = vectors / np.sqrt(values + 0.02 * values[0])
        return cls(weights=weights, mean=mean.astype(np.float32), whitening=whitening.astype(np.float32))

    @property
    def length(self) -> int:
        """How many numbers describe a picture."""
        return int(self.whitening.shape[1])

    def describe(self, spectra: np.ndarray) -> np.ndarray:
        """Spectra [n, RINGS, ORDERS] to descriptors of length 1, float32 [n, d]: cosine compares them."""
        short = (_invariants(spectra * self.weights) - self.mean) @ self.whitening
        described: np.ndarray = short / np.maximum(np.linalg.norm(short, axis=1, keepdims=True), 1e-9)
        return described

    def best_turn(self, wide: np.ndarray, narrow: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Correlate pairs of discs over all turns, mirrored or not.

        Args:
            wide: spectra of discs [n, RINGS, ORDERS].
            narrow: spectra of the discs that they are compared with, of the same shape.

        Returns:
            the highest correlation [n], whether it needs a mirror [n], and the angle that turns a point of `narrow`'s
            frame (mirrored top to bottom first, if so) into one of `wide`'s [n].
        """
        wide, narrow = wide * self.weights, narrow * self.weights
        scale = (_norm(wide) * _norm(narrow))[:, None]
        turns = []
        for other in (narrow.conj(), narrow):
            cross = np.zeros((len(wide), _TURNS // 2 + 1), np.complex64)
            cross[:, :ORDERS] = (wide * other).sum(axis=1) / scale
            turns.append(np.fft.irfft(cross, _TURNS, axis=1) * _TURNS)
        agreement = np.concatenate(turns, axis=1)
        best = agreement.argmax(axis=1)
        return agreement.max(axis=1), best >= _TURNS, (best % _TURNS) * (2 * np.pi / _TURNS)


def _invariants(spectra: np.ndarray) -> np.ndarray:
    count = len(spectra)
    beside = spectra[:, :-1] * spectra[:, 1:].conj()
    phases = beside.real / np.sqrt(np.abs(beside) + 1e-6)
    return np.concatenate([np.abs(spectra).reshape(count, -1), phases.reshape(count, -1)], axis=1).astype(np.float32)


def _norm(spectra: np.ndarray) -> np.ndarray:
    power = (np.abs(spectra) ** 2).sum(axis=1)
    norm: np.ndarray = np.sqrt(np.maximum(power[:, 0] + 2 * power[:, 1:].sum(axis=1), 1e-12))
    return norm
