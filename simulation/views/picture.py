"""The film as it is stored: the exposed plate after cropping, turning, mirroring or being photographed."""

from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.beam.collimation import ExposedField
from simulation.geometry.camera import Camera
from simulation.geometry.mesh import Vertices


@dataclass(frozen=True, slots=True)
class Picture:
    """Where things of the table frame fall on the stored film, through every step of its making."""

    camera: Camera
    homography: NDArray[np.float64]  # (3, 3), pixels of the plate to pixels of the film
    field: ExposedField  # exposed and on the film, in its pixels
    width: int
    height: int
    turned_deg: int = 0  # clockwise, 0, 90, 180, 270
    mirrored: bool = False

    @classmethod
    def plate(cls, camera: Camera, field: ExposedField) -> Self:
        """The plate itself."""
        return cls(camera, np.eye(3), field, camera.width, camera.height)

    def carry(self, points: object) -> NDArray[np.float64]:
        """Plate pixels, (n, 2), to film pixels."""
        flat = np.asarray(points, dtype=float).reshape(-1, 1, 2)
        return cv2.perspectiveTransform(flat, self.homography).reshape(-1, 2)

    def project(self, points: Vertices) -> NDArray[np.float64]:
        """Points of the table frame, (n, 3), to film pixels, (n, 2)."""
        return self.carry(self.camera.project(points))

    @property
    def spacing_mm(self) -> float:
        """Size of a film pixel at the detector, in the middle of the field."""
        middle = self.field.corners.mean(0)[None]
        plate = cv2.perspectiveTransform(middle.reshape(-1, 1, 2), np.linalg.inv(self.homography)).reshape(-1, 2)
        here, right, below = self.carry(plate + np.array([[0.0, 0], [1, 0], [0, 1]]))
        return self.camera.spacing_mm / float(np.sqrt(abs(np.linalg.det([right - here, below - here]))))

    def upwards(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Unit vector, film pixels, of the plate's up at a point of the plate."""
        foot, top = self.carry(np.stack([at, at - [0.0, 1.0]]))
        return (top - foot) / np.linalg.norm(top - foot)

    def inset(self, margin_px: float) -> Self:
        """The picture with a border over its outermost pixels, where nothing of the field is left."""
        inwards, outwards = (np.array([[1.0, 0, m], [0, 1, m], [0, 0, 1]]) for m in (-margin_px, margin_px))
        width, height = (round(size - 2 * margin_px) for size in (self.width, self.height))
        return replace(self, field=self.field.moved(inwards).within(width, height).moved(outwards))

    def moved(self, homography: NDArray[np.float64], width: int, height: int) -> Self:
        """The picture after a further step that maps its pixels by a homography onto a film of this size."""
        field = self.field.moved(homography).within(width, height)
        return replace(self, homography=homography @ self.homography, field=field, width=width, height=height)
