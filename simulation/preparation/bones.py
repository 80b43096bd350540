"""Closed bones from the patches of the shape model, with their local thickness."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import trimesh
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulation.preparation.patches import evaluate

# mesh file in the wheel, refinement; in the order of the shape model's nodes
_PARTS = {
    "pelvis": ("pelvis_combined_cubic_flat", 6),
    "femur": ("femur_left_quartic_flat", 10),
    "patella": ("patella_11_left", 5),
    "tibia_fibula": ("tibia_fibula_left_cubic_flat", 6),
}
_MIDLINE_X = 37.0  # of the mean pelvis, in the model's millimetres
_UNBOUNDED_MM = 20.0  # thickness where an inward ray meets nothing


@dataclass(frozen=True, slots=True)
class PreparedBone:
    """A closed surface whose vertices are ``basis @ nodes``."""

    basis: sp.csr_matrix
    faces: NDArray[np.int32]
    thickness_mm: NDArray[np.float32]


def prepare_bones(wheel: Path, mean: NDArray[np.float64]) -> dict[str, PreparedBone]:
    """All bones of the model; ``mean`` are its mean nodes, (nodes, 3)."""
    bones: dict[str, PreparedBone] = {}
    offset = 0
    for part, (file, refinement) in _PARTS.items():
        basis, faces, count = evaluate(wheel / "atlas_meshes" / f"{file}.mesh", refinement)
        points = basis @ mean[offset : offset + count]
        surface = _welded(points, faces)
        distance, rows = cKDTree(points).query(surface.vertices)
        if distance.max() > 0.05:
            raise ValueError(f"{part}: welding moved a vertex by {distance.max():.3f} mm; loosen or tighten its digits")
        pieces = trimesh.graph.connected_components(surface.edges, nodes=np.arange(len(surface.vertices)))
        pieces = [piece for piece in pieces if len(piece) > 50]
        for piece in pieces:
            full = np.zeros((len(piece), len(mean)), np.float32)
            full[:, offset : offset + count] = basis[rows[piece]]
            name = _name(part, surface.vertices[piece], largest=len(piece) == max(map(len, pieces)))
            bones[name] = _closed(surface, piece, sp.csr_matrix(full))
        offset += count
    return bones


def _welded(points: NDArray[np.float64], faces: NDArray[np.int64]) -> trimesh.Trimesh:
    surface = trimesh.Trimesh(points, faces, process=False)
    surface.merge_vertices(digits_vertex=2)
    surface.update_faces(surface.nondegenerate_faces())
    trimesh.repair.fix_normals(surface, multibody=True)
    return surface


def _name(part: str, vertices: NDArray[np.float64], *, largest: bool) -> str:
    if part == "tibia_fibula":
        return "tibia" if largest else "fibula"
    if part != "pelvis":
        return part
    x = vertices[:, 0].mean()
    if abs(x - _MIDLINE_X) < 20:
        return "sacrum"
    return "hip_left" if x > _MIDLINE_X else "hip_right"


def _closed(surface: trimesh.Trimesh, piece: NDArray[np.int64], basis: sp.csr_matrix) -> PreparedBone:
    number = np.full(len(surface.vertices), -1)
    number[piece] = np.arange(len(piece))
    faces = number[surface.faces]
    faces = faces[(faces >= 0).all(1)]
    bone = trimesh.Trimesh(surface.vertices[piece], faces, process=False)
    if bone.volume < 0:
        faces = faces[:, ::-1]
        bone = trimesh.Trimesh(surface.vertices[piece], faces, process=False)
    return PreparedBone(basis, faces.astype(np.int32), thickness(bone))


def thickness(bone: trimesh.Trimesh) -> NDArray[np.float32]:
    """Distance along the inward normal to the opposite surface."""
    normals = bone.vertex_normals
    starts = bone.vertices - normals * 0.05
    hits, rays, _ = bone.ray.intersects_location(starts, -normals, multiple_hits=False)
    thickness = np.full(len(starts), _UNBOUNDED_MM)
    thickness[rays] = np.linalg.norm(hits - starts[rays], axis=1)
    return thickness.astype(np.float32)
