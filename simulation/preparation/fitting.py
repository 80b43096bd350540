"""Bones of another source given the atlas's vertices, so that its landmarks hold for them (non-rigid registration)."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import factorized
from scipy.spatial import cKDTree

from simulation.geometry.mesh import Matrix, Mesh, Vector, Vertices, rigid_fit, vertex_normals
from simulation.people.atlas import BoneTemplate

_STIFFEST = 3000.0  # nearly rigid
_ROUNDS = 22
_FARTHEST_MM = 18.0
_LEAST_AGREEMENT = 0.5  # cosine between matched normals


def laid_onto(source: Vertices, target: Vertices) -> tuple[float, Matrix, Vector]:
    """Scale, rotation and offset that bring source points onto the target's (iterated closest points)."""
    tree = cKDTree(target)
    scale = float(np.linalg.norm(target.std(0)) / np.linalg.norm(source.std(0)))
    turn, shift = np.eye(3), target.mean(0) - scale * source.mean(0)
    for _ in range(80):
        moved = scale * source @ turn.T + shift
        _, nearest = tree.query(moved)
        _, farther = cKDTree(moved).query(target)
        pairs = np.r_[source, source[farther]], np.r_[target[nearest], target]
        middles = [side.mean(0) for side in pairs]
        turn, _ = rigid_fit(*pairs)
        turned = (pairs[0] - middles[0]) @ turn.T
        scale = float((turned * (pairs[1] - middles[1])).sum() / (turned**2).sum())
        shift = middles[1] - scale * turn @ middles[0]
    return scale, turn, shift


def fitted(template: BoneTemplate, start: Vertices, target: Mesh, least_stiffness: float) -> Vertices:
    """The template's vertices drawn onto the target, neighbours together: stiff at first, then ever more supple.

    Stiffness weighs how the change differs from vertex to vertex against what is left to the target.
    """
    tree, normals = cKDTree(target.vertices), vertex_normals(target.vertices, target.faces)
    differences = _differences(template.faces, len(start))
    moved = start.copy()
    for stiffness in np.geomspace(_STIFFEST, least_stiffness, _ROUNDS):
        for _ in range(3):
            distance, nearest = tree.query(moved)
            agreeing = (vertex_normals(moved, template.faces) * normals[nearest]).sum(1)
            weight = ((distance < _FARTHEST_MM) & (agreeing > _LEAST_AGREEMENT)).astype(float)
            goal = target.vertices[nearest] - start
            system = sp.diags(weight + 1e-6) + stiffness * (differences.T @ differences)
            solve = factorized(system.tocsc())
            moved = start + np.stack([solve(weight * goal[:, axis]) for axis in range(3)], 1)
    return moved


def _differences(faces: NDArray[np.int32], count: int) -> sp.csr_matrix:
    """Rows that subtract one end of each edge from the other."""
    edges = np.unique(np.sort(np.r_[faces[:, :2], faces[:, 1:], faces[:, ::2]], axis=1), axis=0)
    row = np.arange(len(edges))
    ones = np.ones(len(edges))
    return sp.csr_matrix((np.r_[ones, -ones], (np.r_[row, row], edges.T.ravel())), (len(edges), count))
