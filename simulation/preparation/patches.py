"""Atlas patches (Lagrange elements of the shape model) evaluated on a finer grid."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
_QUADS = {"quad44": (4, 4), "quad55": (5, 5), "quad54": (5, 4)}  # nodes along each side
_TRIANGLES = {"tri10": 3, "tri15": 4}  # degree


def evaluate(path: Path, refinement: int) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
    """Basis, (points, nodes), faces and the number of nodes of an atlas mesh file; patches are not welded yet."""
    mesh: dict[str, Any] = json.loads(path.read_text())
    kinds = {int(number): element.split()[-1] for number, element in mesh["elements"].items()}
    nodes = _shared_nodes(kinds, mesh["connectivity"])
    count = 1 + max(nodes.values())
    blocks, faces, offset = [], [], 0
    for element in sorted(kinds):
        local, local_faces = _patch(kinds[element], refinement)
        block = np.zeros((len(local), count), np.float32)
        for node in range(local.shape[1]):
            block[:, nodes[element, node]] += local[:, node]
        blocks.append(block)
        faces.append(local_faces + offset)
        offset += len(local)
    return np.vstack(blocks), np.vstack(faces), count


def _shared_nodes(kinds: Mapping[int, str], connectivity: Mapping[str, str]) -> dict[tuple[int, int], int]:
    """Number of the node behind each (element, local node), in order of first use."""
    parent = {(element, node): (element, node) for element in sorted(kinds) for node in range(_size(kinds[element]))}

    def root(node: tuple[int, int]) -> tuple[int, int]:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for first, others in connectivity.items():
        for other in others.split():
            parent[root(_pair(other))] = root(_pair(first))
    numbers: dict[tuple[int, int], int] = {}
    return {node: numbers.setdefault(root(node), len(numbers)) for node in parent}


def _pair(text: str) -> tuple[int, int]:
    element, node = text.split("_")
    return int(element), int(node)


def _size(kind: str) -> int:
    if kind in _QUADS:
        return _QUADS[kind][0] * _QUADS[kind][1]
    degree = _TRIANGLES[kind]
    return (degree + 1) * (degree + 2) // 2


def _patch(kind: str, refinement: int) -> tuple[Matrix, NDArray[np.int64]]:
    return _quad(*_QUADS[kind], refinement) if kind in _QUADS else _triangle(_TRIANGLES[kind], refinement)


def _quad(across: int, along: int, refinement: int) -> tuple[Matrix, NDArray[np.int64]]:
    steps = np.linspace(0, 1, refinement + 1)
    u, v = (grid.ravel() for grid in np.meshgrid(steps, steps))
    basis = (_lagrange(along, v)[:, :, None] * _lagrange(across, u)[:, None, :]).reshape(len(u), -1)
    index = np.arange((refinement + 1) ** 2).reshape(refinement + 1, -1)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]))
    return basis, np.r_[np.c_[a, b, c], np.c_[a, c, d]]


def _triangle(degree: int, refinement: int) -> tuple[Matrix, NDArray[np.int64]]:
    grid = [(i, j) for j in range(refinement + 1) for i in range(refinement + 1 - j)]
    number = {place: k for k, place in enumerate(grid)}
    nodes = np.array([(i / degree, j / degree) for j in range(degree + 1) for i in range(degree + 1 - j)])
    basis = _monomials(degree, np.array(grid) / refinement) @ np.linalg.inv(_monomials(degree, nodes))
    faces = []
    for j in range(refinement):
        for i in range(refinement - j):
            faces.append((number[i, j], number[i + 1, j], number[i, j + 1]))
            if i + j < refinement - 1:
                faces.append((number[i + 1, j], number[i + 1, j + 1], number[i, j + 1]))
    return basis, np.array(faces)


def _monomials(degree: int, points: Matrix) -> Matrix:
    powers = [(a, b) for b in range(degree + 1) for a in range(degree + 1 - b)]
    return np.stack([points[:, 0] ** a * points[:, 1] ** b for a, b in powers], axis=1)


def _lagrange(count: int, at: NDArray[np.float64]) -> Matrix:
    nodes = np.linspace(0, 1, count)
    values = np.ones((len(at), count))
    for i in range(count):
        for j in range(count):
            if i != j:
                values[:, i] *= (at - nodes[j]) / (nodes[i] - nodes[j])
    return values
