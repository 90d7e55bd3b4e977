"""Functions that compute image descriptors invariant to rotation and mirroring.

They serve to find candidate copies. Discs of the picture are sampled along rings and Fourier-transformed along the
angle. A rotation shifts only the phases and a mirror conjugates them, so that magnitudes and phase differences of
neighbouring rings are invariant, as in the Fourier-Mellin invariants of Derrode and Ghorbel (2001), "Robust and
efficient Fourier-Mellin transform approximations for gray-level image reconstruction and complete invariant
description". The phases give the angle.

Points of a picture are given in its *frame*: origin at the centre, x to the right, y down, in units of half the
shorter side.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from discern.parallel import single_threaded_blas

RINGS, FINER, ANGLES, ORDERS = 8, 2, 48, 10
# Radius of the disc (1: the largest that fits), and its centre as a share of the half width and half height.
# Each step zooms by a tenth, down to what is left of a 4:3 picture rotated by 45 degrees and cropped to its inside.
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
_MIN_DEVIATION = 2.0
_ROTATIONS = 96
_FIT_BATCH = 1024


def blur(planes: np.ndarray, sigma: float) -> np.ndarray:
    """Apply a Gaussian filter to images, with repeated borders.

    The images are float32 [n, H, W]; `sigma` is in pixels.
    """
    reach = int(3 * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    for axis, size in ((1, planes.shape[1]), (2, planes.shape[2])):
        first, last = planes.take([0], axis), planes.take([size - 1], axis)
        # Faster than np.pad on small pictures.
        padded = np.concatenate([first] * reach + [planes] + [last] * reach, axis)
        shifted = [padded[:, o : o + size] if axis == 1 else padded[:, :, o : o + size] for o in range(len(kernel))]
        planes = kernel[0] * shifted[0]
        for weight, values in zip(kernel[1:], shifted[1:], strict=True):
            planes += weight * values
    return planes


def brightness(pixels: np.ndarray) -> np.ndarray:
    """Convert RGB pixels to luma (ITU-R BT.601).

    Maps uint8 [..., 3] to float32 [...], 0-255.
    """
    luma: np.ndarray = pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return luma


def halved(planes: np.ndarray) -> np.ndarray:
    """Downsample images to half their size by averaging 2 x 2 pixels.

    Maps float32 [n, 2H, 2W] to [n, H, W].
    """
    pairs = planes[:, ::2] + planes[:, 1::2]
    smaller: np.ndarray = (pairs[:, :, ::2] + pairs[:, :, 1::2]) / 4
    return smaller


def half_extents(widths: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Compute half the width and height of images in units of half the shorter side.

    The result is float32 [n, 2].
    """
    sizes = np.stack([widths, heights], axis=1).astype(np.float32)
    extents: np.ndarray = sizes / sizes.min(axis=1, keepdims=True)
    return extents


def ring_spectra(smooth: np.ndarray, extents: np.ndarray, view: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the angular Fourier spectra of discs in images.

    Args:
        smooth: slightly blurred brightness of square thumbnails, float32 [n, S, S].
        extents: half extents of the pictures, float32 [n, 2].
        view: one row of `VIEWS`.

    Returns:
        The spectra, complex64 [n, RINGS, ORDERS], of mean 0 and standard deviation 1 over the disc, and the original
        deviation in grey levels, [n].
    """
    count, side, _ = smooth.shape
    radius = ((np.arange(RINGS * FINER) + 0.5) / (RINGS * FINER) * 0.97 * view[0]).astype(np.float32)
    angle = (np.arange(ANGLES) * 2 * np.pi / ANGLES).astype(np.float32)
    circle = np.stack([np.outer(radius, np.cos(angle)).ravel(), np.outer(radius, np.sin(angle)).ravel()])
    column, row = (
        np.clip((circle[a] / extents[:, a : a + 1] + view[1 + a] + 1) * (side / 2), 0, side - 1).astype(np.int64)
        for a in (0, 1)
    )
    positions = (np.arange(count) * side * side)[:, None] + row * side + column
    disc = smooth.reshape(-1).take(positions).reshape(count, RINGS, FINER, ANGLES).mean(axis=2)
    disc -= (disc.mean(axis=2) @ _RING_WEIGHTS)[:, None, None]
    deviation = np.sqrt((disc**2).mean(axis=2) @ _RING_WEIGHTS)
    spectra = np.fft.rfft(disc, axis=2)[:, :, :ORDERS] / ANGLES
    spectra *= np.sqrt(_RING_WEIGHTS)[:, None] / np.maximum(deviation, _MIN_DEVIATION)[:, None, None]
    return spectra.astype(np.complex64), deviation


@dataclass(frozen=True, kw_only=True)
class InvariantDescriptor:
    """Image descriptor that is invariant to rotation and mirroring.

    Its weights and whitening suppress what all pictures of a set have in common.

    Args:
        weights: weights of rings and orders, float32 [RINGS, ORDERS].
        mean: mean of the raw descriptors, float32 [D].
        whitening: projection of raw descriptors, float32 [D, d].
    """

    weights: np.ndarray
    mean: np.ndarray
    whitening: np.ndarray

    @classmethod
    def fit(cls, spectra: np.ndarray, *, length: int = 64) -> Self:
        """Fit the descriptor to a sample of spectra given in batches.

        Each batch is [n, RINGS, ORDERS].
        """
        batches = [spectra[start : start + _FIT_BATCH] for start in range(0, len(spectra), _FIT_BATCH)]
        power = sum((np.abs(batch) ** 2).sum(axis=0, dtype=np.float64) for batch in batches) / len(spectra)
        weights = (1 / (np.sqrt(power) + 0.003)).astype(np.float32)
        total, products = np.zeros(1), np.zeros(1)
        for batch in batches:
            raw = _invariants(batch * weights).astype(np.float64)
            total, products = total + raw.sum(axis=0), products + raw.T @ raw
        mean = total / len(spectra)
        covariance = products / len(spectra) - np.outer(mean, mean)
        with single_threaded_blas():  # on a matrix this small, BLAS threads cost more than they gain
            values, vectors = np.linalg.eigh(covariance + 1e-9 * np.eye(len(mean)))
        values, vectors = values[::-1][:length], vectors[:, ::-1][:, :length]
        whitening = vectors / np.sqrt(values + 0.02 * values[0])
        return cls(weights=weights, mean=mean.astype(np.float32), whitening=whitening.astype(np.float32))

    @property
    def length(self) -> int:
        """Return the dimension of the descriptors."""
        return int(self.whitening.shape[1])

    def describe(self, spectra: np.ndarray) -> np.ndarray:
        """Convert angular spectra to image descriptors of unit length.

        Maps [n, RINGS, ORDERS] to float32 [n, d].
        """
        short = (_invariants(spectra * self.weights) - self.mean) @ self.whitening
        described: np.ndarray = short / np.maximum(np.linalg.norm(short, axis=1, keepdims=True), 1e-9)
        return described

    def best_rotation(
        self, wide: np.ndarray, narrow: np.ndarray, rotations: int = _ROTATIONS
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find the rotation and mirroring under which pairs of image discs agree best.

        Args:
            wide: spectra of discs, [n, RINGS, ORDERS].
            narrow: spectra of the discs to compare them with, of the same shape.
            rotations: number of evenly spaced angles to try, a divisor of 96.

        Returns:
            The highest correlation [n], whether it needs a mirror [n], and the angle that rotates the frame of `narrow`
            (first mirrored top to bottom, if so) onto that of `wide` [n].
        """
        wide, narrow = wide * self.weights, narrow * self.weights
        scale = (_norm(wide) * _norm(narrow))[:, None]
        correlations = []
        for other in (narrow.conj(), narrow):
            cross = np.zeros((len(wide), _ROTATIONS // 2 + 1), np.complex64)
            cross[:, :ORDERS] = (wide * other).sum(axis=1) / scale
            correlation = np.fft.irfft(cross, _ROTATIONS, axis=1)
            correlations.append(correlation[:, :: _ROTATIONS // rotations] * _ROTATIONS)
        agreement = np.concatenate(correlations, axis=1)
        best = agreement.argmax(axis=1)
        return agreement.max(axis=1), best >= rotations, (best % rotations) * (2 * np.pi / rotations)


def _invariants(spectra: np.ndarray) -> np.ndarray:
    count = len(spectra)
    products = spectra[:, :-1] * spectra[:, 1:].conj()
    phases = products.real / np.sqrt(np.abs(products) + 1e-6)
    return np.concatenate([np.abs(spectra).reshape(count, -1), phases.reshape(count, -1)], axis=1).astype(np.float32)


def _norm(spectra: np.ndarray) -> np.ndarray:
    power = (np.abs(spectra) ** 2).sum(axis=1)
    norm: np.ndarray = np.sqrt(np.maximum(power[:, 0] + 2 * power[:, 1:].sum(axis=1), 1e-12))
    return norm
