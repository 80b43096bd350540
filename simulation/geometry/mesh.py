"""Closed triangle meshes in millimetres, and the solids that implants are made of."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]  # (3,)
Matrix = NDArray[np.float64]  # (3, 3)
Vertices = NDArray[np.float64]  # (n, 3)
Faces = NDArray[np.int32]  # (m, 3), outward


@dataclass(frozen=True, slots=True)
class Mesh:
    """A closed surface."""

    vertices: Vertices
    faces: Faces

    @classmethod
    def outward(cls, vertices: Vertices, faces: Faces) -> Self:
        """The mesh with its faces turned so that it encloses a positive volume."""
        return cls(vertices, faces if _signed_volume(vertices, faces) > 0 else flipped(faces))

    def moved(self, matrix: Matrix, offset: Vector) -> Self:
        """The mesh after x -> matrix @ x + offset; a reflection turns the faces."""
        faces = self.faces if np.linalg.det(matrix) > 0 else flipped(self.faces)
        return type(self)(self.vertices @ matrix.T + offset, faces)

    def inflated(self, distance_mm: float) -> Self:
        """The mesh with every vertex moved outwards along its normal."""
        return type(self)(self.vertices + vertex_normals(self.vertices, self.faces) * distance_mm, self.faces)


def unit(vector: object) -> Vector:
    """The vector at length one."""
    array = np.asarray(vector, dtype=float)
    return array / np.linalg.norm(array)


def rotation(axis: object, angle_deg: float) -> Matrix:
    """The right-handed rotation about an axis (Rodrigues)."""
    x, y, z = unit(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = math.radians(angle_deg)
    return np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross


def basis(normal: Vector) -> Matrix:
    """Rows of a right-handed frame whose third row is the normal."""
    third = unit(normal)
    first = unit(np.cross(third, [0, 1, 0] if abs(third[1]) < 0.9 else [1, 0, 0]))
    return np.stack([first, np.cross(third, first), third])


def flipped(faces: Faces) -> Faces:
    """The same faces seen from the other side."""
    return np.ascontiguousarray(faces[:, ::-1])


def vertex_normals(vertices: Vertices, faces: Faces) -> Vertices:
    """Outward unit normals, (n, 3), area-weighted over the faces that meet."""
    corners = vertices[faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for axis in range(3):
        for corner in range(3):
            normals[:, axis] += np.bincount(faces[:, corner], face_normals[:, axis], len(vertices))
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def sphere_through(points: Vertices) -> tuple[Vector, float]:
    """Centre and radius of the sphere that fits the points best (linear least squares)."""
    system = np.c_[2 * points, np.ones(len(points))]
    solution = np.linalg.lstsq(system, (points**2).sum(1), rcond=None)[0]
    centre = solution[:3]
    return centre, math.sqrt(solution[3] + centre @ centre)


def rigid_fit(source: Vertices, target: Vertices) -> tuple[Matrix, Vector]:
    """Rotation and offset that lay matched source points onto the target (Kabsch)."""
    middle_source, middle_target = source.mean(0), target.mean(0)
    u, _, vt = np.linalg.svd((source - middle_source).T @ (target - middle_target))
    turn = (u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt).T
    return turn, middle_target - turn @ middle_source


def arc(radius: float, until_rad: float, count: int = 24) -> NDArray[np.float64]:
    """Profile (r, z) of a sphere from its pole at -z up to an angle."""
    angle = np.linspace(0.0, until_rad, count)
    return np.c_[radius * np.sin(angle), -radius * np.cos(angle)]


def revolved(profile: object, count: int = 96) -> Mesh:
    """The solid that a profile of (r, z), closed on the axis at both ends, sweeps about +z."""
    outline = np.asarray(profile, dtype=float)
    angle = np.arange(count) * 2 * np.pi / count
    rings = np.stack(
        [
            np.outer(outline[:, 0], np.cos(angle)),
            np.outer(outline[:, 0], np.sin(angle)),
            np.repeat(outline[:, 1:], count, 1),
        ],
        axis=2,
    )
    return Mesh.outward(rings.reshape(-1, 3), _strips(len(outline), count))


def lofted(sections: object) -> Mesh:
    """The solid through sections, (k, n, 3), capped at both ends."""
    rings = np.asarray(sections, dtype=float)
    count, around, _ = rings.shape
    vertices = np.r_[rings.reshape(-1, 3), [rings[0].mean(0)], [rings[-1].mean(0)]]
    first, last = np.arange(around), np.arange(around) + (count - 1) * around
    caps = [
        np.c_[np.roll(first, -1), first, np.full(around, count * around)],
        np.c_[last, np.roll(last, -1), np.full(around, count * around + 1)],
    ]
    return Mesh.outward(vertices, np.vstack([_strips(count, around), *caps]).astype(np.int32))


def torus(ring_radius: float, wire_radius: float, around: int = 96, section: int = 8) -> Mesh:
    """A wire ring about +z."""
    turn = np.arange(around) * 2 * np.pi / around
    across = np.arange(section) * 2 * np.pi / section
    distance = ring_radius + wire_radius * np.cos(across)
    vertices = np.stack(
        [
            np.outer(np.cos(turn), distance),
            np.outer(np.sin(turn), distance),
            np.broadcast_to(wire_radius * np.sin(across), (around, section)),
        ],
        axis=2,
    ).reshape(-1, 3)
    faces = _strips(around + 1, section) % (around * section)
    return Mesh.outward(vertices, faces.astype(np.int32))


def cylinder(start: Vector, end: Vector, radius: float, end_radius: float, count: int = 40) -> Mesh:
    """A rod, straight or tapered, between two points."""
    length = float(np.linalg.norm(end - start))
    rod = revolved([[0, 0], [radius, 0], [end_radius, length], [0, length]], count)
    return placed(rod, end - start, start)


def screw(start: Vector, end: Vector, radius: float) -> Mesh:
    """A threaded screw with its head at the start."""
    length = float(np.linalg.norm(end - start))
    along = np.arange(3, length - 2, 0.9)
    thread = np.where(np.arange(len(along)) % 2, radius, radius * 0.72)
    head = [[0, -3.2], [radius * 1.7, -2.6], [radius * 1.7, -0.8], [radius * 0.8, 1]]
    return placed(revolved(np.r_[head, np.c_[thread, along], [[0, length]]], 24), end - start, start)


def ball(radius: float, centre: Vector, scale: object = (1.0, 1.0, 1.0)) -> Mesh:
    """An ellipsoid."""
    sphere = revolved(arc(radius, math.pi, 20), 32)
    return Mesh(sphere.vertices * np.asarray(scale, dtype=float) + centre, sphere.faces)


def placed(mesh: Mesh, normal: Vector, origin: Vector) -> Mesh:
    """The mesh with its +z turned to the normal and its origin moved."""
    return mesh.moved(basis(normal).T, origin)


def _strips(rings: int, around: int) -> Faces:
    index = np.arange(rings * around).reshape(rings, around)
    a, b = index[:-1], np.roll(index[:-1], -1, 1)
    c, d = index[1:], np.roll(index[1:], -1, 1)
    upper = np.c_[a.ravel(), b.ravel(), d.ravel()]
    lower = np.c_[a.ravel(), d.ravel(), c.ravel()]
    return np.r_[upper, lower].astype(np.int32)


def _signed_volume(vertices: Vertices, faces: Faces) -> float:
    corners = vertices[faces]
    return float(np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum())
