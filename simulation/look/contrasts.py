"""How well what a film shows stands out on it, whatever was in the beam."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.beam.collimation import Box
from simulation.truth import Film, HipTruth, Point

WHITE = 4095  # of a film's 12 bits
_SHOWN_BITS = 8  # of a display's greys
# A profile over the end of a long axis, in shares of its length: how far it reaches to either side of the end, how
# wide it is, and over how much of it on either side of a step the greys are averaged.
_REACH, _WIDTH, _STRETCH = 0.08, 0.06, 0.04
_PROFILE, _ACROSS = 33, 7  # samples


def contrast(pixels: NDArray[np.generic], box: Box) -> float:
    """Between the dark and the bright twentieth of a box (x0, y0, x1, y1), in the units of ``pixels`` (H, W)."""
    x0, y0, x1, y1 = (round(v) for v in box)
    dark, bright = np.percentile(pixels[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1], [5, 95])
    return float(bright - dark)


def step_at_end(grey: NDArray[np.uint8], end: Point, other: Point) -> float:
    """The largest step of grey along an axis near one ``end`` of it, as a share of the 256 greys of a film (H, W)."""
    axis = np.subtract(end, other)
    along = np.linspace(-_REACH, _REACH, _PROFILE)[:, None, None] * axis
    across = np.linspace(-_WIDTH / 2, _WIDTH / 2, _ACROSS)[None, :, None] * np.array([-axis[1], axis[0]])
    at = (np.asarray(end) + along + across).astype(np.float32)
    profile = np.median(cv2.remap(grey, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), 1)
    stretch = round(_STRETCH / (2 * _REACH) * (_PROFILE - 1))
    means = np.convolve(profile, np.full(stretch, 1 / stretch), "valid")
    return float(np.abs(means[stretch:] - means[:-stretch]).max()) / 255


def with_contrasts(film: Film) -> Film:
    """The film with the contrast of each hip, and with how far the ends of each whole rim stand out, in its truth."""
    grey = (film.pixels >> (WHITE.bit_length() - _SHOWN_BITS)).astype(np.uint8)

    def seen(hip: HipTruth) -> HipTruth:
        cup = hip.cup
        if cup is not None and cup.visible:
            ends = cup.major_upper, cup.major_lower
            cup = replace(cup, edge=round(min(step_at_end(grey, *ends), step_at_end(grey, *ends[::-1])), 4))
        return replace(hip, cup=cup, contrast=round(contrast(film.pixels, hip.box) / WHITE, 4))

    hips, cut = (tuple(map(seen, hips)) for hips in (film.truth.hips, film.truth.cut_hips))
    return replace(film, truth=replace(film.truth, hips=hips, cut_hips=cut))
