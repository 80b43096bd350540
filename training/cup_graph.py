"""The exported graph of the cup model: crops of a canvas, landmarks, and the angles that they make.

A side's hip is looked at five times: the rim is found in the detector's box, then measured in a closer crop as it is
and mirrored, and so again in one that is closer still. Where the first closer crop turns out to lie badly, it is placed
anew and the rim measured in it once more. The ischia are found on the whole film, then twice in a crop around both, as
it is and mirrored.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ingest.records import CANVAS_SIZE, CUP_ANGLES, CUP_LANDMARKS
from training.cup_geometry import (
    Rim,
    angles,
    beyond_usual_tilt,
    concentric,
    either,
    mean_of,
    misplaced,
    placement,
    stated_errors,
)
from training.graphs import OTHER, IntervalCurve, ScoreCurve
from training.landmark_examples import (
    CLOSEST_MARGIN,
    CROP,
    FINE_MARGIN,
    LEAST_RIM,
    MARGIN,
    PELVIS,
    ischia_side,
)
from training.looks import ischia_from_both_faces, seen, seen_from_both_faces
from training.networks.landmarks import LandmarkNet
from training.places import chosen, spread_over
from training.turns import as_stored, box_as_taken, middle_of, squares, turn_of, upright

# A landmark is trusted by the chance that it lies within this share of the rim's long axis, under the Laplace scale
# that the network states. An end of the axis that is off by 0.07 of it turns the axis by 4 degrees.
TRUSTED_SHARE = 0.07
SURE_TURN = 0.9  # below it nobody knows which way the film is turned, and no angle on it
UNSURE_DEG = 90.0  # half-width that is stated of such an angle; of no other a wider one
SHOWN_FROM = 0.004  # chance of an implant from which on a side is looked at; below it no implant is believed anywhere
CLOSER_LOOKS = 2  # at the ischia: the first crop lies where the whole film was read, a pixel there is four

Look = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]  # of ``training.looks``, by a network


class CupAngleGraph(nn.Module):
    """Image, view scores and detections to cup scores, landmarks, angles and their error intervals; right then left.

    Sides on which an implant is less likely than ``SHOWN_FROM`` are answered with zeros. The networks are given only
    the crops whose answers are needed, so that their batch depends on data.
    """

    def __init__(self, rim: LandmarkNet, fine: LandmarkNet, pelvis: LandmarkNet, cups: ScoreCurve) -> None:
        super().__init__()
        self.rim, self.fine, self.pelvis, self.cups = rim, fine, pelvis, cups
        self.intervals = nn.ModuleList(IntervalCurve() for _ in CUP_ANGLES)

    def forward(
        self, image: Tensor, view_scores: Tensor, turn_scores: Tensor, detections: Tensor
    ) -> tuple[Tensor, ...]:
        """Finds the rim in each side's better hip box, measures it in two closer crops, and takes the angles."""
        film, turn = image.float().unsqueeze(1) / 255, turn_of(turn_scores)
        boxes = box_as_taken(self._better(detections), turn)  # (B, 2, 4)
        shown = detections[:, 1:4:2, 4] >= SHOWN_FROM  # (B, 2): an implant on the right, on the left
        coarse, fine = self.rims(film, turn, boxes, shown)
        cup = (coarse.presence + fine.presence)[..., 0]
        cup_scores = self.cups(cup.sigmoid()) * (1 - view_scores[:, OTHER, None])
        reach = TRUSTED_SHARE * (fine.points[:, :, 0] - fine.points[:, :, 1]).norm(dim=-1, keepdim=True)  # (B, 2, 1)
        trust = 1 - torch.exp(-reach / fine.spread)
        ischia, there, ischia_covariance = self._ischia(film, turn)
        unsure = UNSURE_DEG * (turn_scores.amax(1) < SURE_TURN).float()[:, None, None]
        tilt_deg = beyond_usual_tilt(ischia, middle_of(boxes), detections[:, :4, 4].reshape(-1, 2, 2).amax(2))
        errors = torch.maximum(self.interval(stated_errors(fine, ischia, ischia_covariance, tilt_deg)), unsure)
        rims = torch.cat((as_stored(fine.points, turn), trust[..., None]), 3)
        nothing = torch.zeros(())
        return (  # in shapes that a reader of the graph can see
            torch.where(shown, cup_scores, nothing).reshape(-1, 2),
            torch.where(shown[..., None, None], rims, nothing).reshape(-1, 2, len(CUP_LANDMARKS), 3),
            torch.cat((as_stored(ischia, turn), there[..., None]), 2).reshape(-1, 2, 3),
            torch.where(shown[..., None], angles(fine.points, ischia), nothing).reshape(-1, 2, len(CUP_ANGLES)),
            torch.where(shown[..., None], errors, nothing).reshape(-1, 2, len(CUP_ANGLES)),
        )

    def rims(self, film: Tensor, turn: Tensor, boxes: Tensor, shown: Tensor) -> tuple[Rim, Rim]:
        """The rims as found in hips' boxes (B, 2, 4), upright canvas pixels, and as measured, where ``shown`` (B, 2).

        Films (B, 1, 768, 768) in [0, 1] and their turns (B, 4).
        """
        side = (boxes[..., 2:] - boxes[..., :2]).amax(-1, keepdim=True).clamp(min=32) * MARGIN  # (B, 2, 1)
        places = chosen(shown)
        coarse = self._landmarks(partial(seen, self.rim), film, turn, middle_of(boxes), side, places)
        closer = self._measured(film, turn, coarse, FINE_MARGIN, places)
        badly = misplaced(coarse, closer)
        closer = either(badly, self._measured(film, turn, closer, FINE_MARGIN, chosen(shown & badly)), closer)
        return coarse, concentric(mean_of(closer, self._measured(film, turn, closer, CLOSEST_MARGIN, places)))

    def interval(self, stated: Tensor) -> Tensor:
        """Half-widths (degrees) of the intervals that hold 95 % of errors, from what the landmarks state (..., 3)."""
        of_angles = zip(self.intervals, stated.unbind(-1), strict=True)
        return torch.stack([curve(one) for curve, one in of_angles], -1).clamp(max=UNSURE_DEG)

    def _measured(self, film: Tensor, turn: Tensor, found: Rim, margin: float, places: Tensor) -> Rim:
        """By the fine network, in squares around the rims that were ``found``, ``margin`` times their long axis."""
        centre, length = placement(found)
        side = length.clamp(min=LEAST_RIM)[..., None] * margin
        return self._landmarks(partial(seen_from_both_faces, self.fine), film, turn, centre, side, places)

    def _landmarks(self, look: Look, film: Tensor, turn: Tensor, centre: Tensor, side: Tensor, places: Tensor) -> Rim:
        """What a look tells of squares of ``side`` (B, 2, 1) around ``centre`` (B, 2, 2), upright canvas pixels.

        Only at the ``places`` (M,) of the (B x 2) sides; zeros at the others.
        """
        films = places // 2
        squares_at = centre.reshape(-1, 1, 2)[places], side.reshape(-1, 1, 1)[places]
        told = torch.cat([one.flatten(1) for one in look(self.crops(film[films], turn[films], *squares_at)[:, 0])], 1)
        told = spread_over(told, places, 2 * film.shape[0]).view(-1, 2, told.shape[1])
        count = len(CUP_LANDMARKS)
        local, covariance, presence, scales = told.split((2 * count, 3 * count, told.shape[2] - 6 * count, count), 2)
        local = local.reshape(-1, 2, count, 2) - (CROP - 1) / 2
        scale = side / CROP
        return Rim(
            centre[:, :, None] + local * scale[..., None],
            covariance.reshape(-1, 2, count, 3) * scale[..., None] ** 2,
            presence,
            scales.exp() * scale,
        )

    @staticmethod
    def _better(detections: Tensor) -> Tensor:
        pairs = detections[:, :4].reshape(-1, 2, 2, 5)  # side, native or implant
        implant = (pairs[:, :, 1, 4:] > pairs[:, :, 0, 4:]).float()
        return pairs[:, :, 1, :4] * implant + pairs[:, :, 0, :4] * (1 - implant)

    @staticmethod
    def crops(film: Tensor, turn: Tensor, centre: Tensor, side: Tensor) -> Tensor:
        """Squares (B, N, 1, 192, 192), sampled at twice that and averaged."""
        doubled = squares(film, turn, centre, side, 2 * CROP)
        return F.avg_pool2d(doubled.reshape(-1, 1, 2 * CROP, 2 * CROP), 2).reshape(-1, centre.shape[1], 1, CROP, CROP)

    def _ischia(self, film: Tensor, turn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Points (B, 2, 2), their presence (B, 2) and their covariances (B, 2, 3), pixels of the upright canvas.

        Found on the whole film, then looked at again by the same network in closer crops, where both are there.
        """
        block = CANVAS_SIZE // PELVIS
        points, covariance, logits = seen(self.pelvis, upright(F.avg_pool2d(film, block), turn))
        points, there = (points + 0.5) * block - 0.5, logits[:, :2].sigmoid()
        covariance, sees_both = covariance * block**2, there.amin(1) > 0.5
        films = chosen(sees_both)
        for _ in range(CLOSER_LOOKS):
            closer, its_covariance = self._closer_ischia(film, turn, points, films)
            points = torch.where(sees_both[:, None, None], closer, points)
            covariance = torch.where(sees_both[:, None, None], its_covariance, covariance)
        return points, there, covariance

    def _closer_ischia(self, film: Tensor, turn: Tensor, ischia: Tensor, films: Tensor) -> tuple[Tensor, Tensor]:
        """Points and covariances by crops around ``ischia`` (B, 2, 2) of the ``films`` (M,); of the others nothing."""
        side = ischia_side((ischia[:, 0] - ischia[:, 1]).norm(dim=-1)[:, None, None])  # (B, 1, 1)
        centre = ischia.mean(1, keepdim=True)  # (B, 1, 2)
        crops = self.crops(film[films], turn[films], centre[films], side[films])[:, 0]
        points, covariance = ischia_from_both_faces(self.pelvis, crops)
        told = spread_over(torch.cat((points, covariance), 2).flatten(1), films, film.shape[0]).view(-1, 2, 5)
        scale = side / PELVIS
        return centre + (told[..., :2] - (PELVIS - 1) / 2) * scale, told[..., 2:] * scale**2
