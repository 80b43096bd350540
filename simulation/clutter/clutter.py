"""What else lies in the beam of a film: it keeps a model from taking any metal for an implant."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from simulation.beam.projection import Lengths
from simulation.clutter import inside, outside
from simulation.clutter.layers import Layers
from simulation.scene import Scene

Draw = Callable[[np.random.Generator, Layers], None]
# Share of films of a pelvis with each; a leg alone can only have what lies outside.
_INSIDE: tuple[tuple[float, Draw], ...] = (
    (0.16, inside.phleboliths), (0.08, inside.vessels), (0.02, inside.granulomas), (0.015, inside.fibroid),
    (0.03, inside.clips), (0.012, inside.mesh_tacks), (0.008, inside.intrauterine_device),
    (0.03, inside.urinary_catheter), (0.008, inside.stent), (0.006, inside.stimulator),
    (0.006, inside.contrast_bladder), (0.005, inside.shrapnel), (0.004, inside.penile_prosthesis),
)  # fmt: skip
_OUTSIDE: tuple[tuple[float, Draw], ...] = (
    (0.03, outside.snaps), (0.01, outside.coins), (0.004, outside.keys), (0.025, outside.zip_fastener),
    (0.03, outside.leads), (0.03, outside.tubing), (0.02, outside.dressing), (0.10, outside.folds),
    (0.04, outside.calibration_ball), (0.012, outside.calibration_ruler), (0.015, outside.gonad_shield),
    (0.05, outside.table), (0.004, outside.phone),
)  # fmt: skip
_FRESH: tuple[tuple[float, Draw], ...] = ((0.14, outside.staples), (0.05, inside.drain))  # beside an operated hip


@dataclass(frozen=True, slots=True)
class Cluttered:
    """Lengths with what else is in the beam, and the names of it."""

    lengths: Lengths
    shows: tuple[str, ...]


def cluttered(rng: np.random.Generator, scene: Scene, lengths: Lengths) -> Cluttered:
    """The lengths with what else may lie in the beam: nothing on most films, a lot on a few."""
    busy = float(rng.choice([0.6, 1.0, 3.0], p=[0.6, 0.3, 0.1]))
    layers, shows = Layers(scene), []
    kinds = _OUTSIDE + (_INSIDE if scene.pelvis else ()) + (_FRESH if scene.implants else ())
    for share, draw in kinds:
        if rng.random() < share * busy:
            draw(rng, layers)
            shows.append(draw.__name__)
    if not shows:
        return Cluttered(lengths, ())
    calcium = layers.drawn.pop("calcium", 0)
    parts = dict(lengths.parts)
    for material, raster in layers.drawn.items():
        parts[material] = parts.get(material, 0) + np.maximum(raster, 0)
    return Cluttered(replace(lengths, cortex=np.maximum(lengths.cortex + calcium, 0), parts=parts), tuple(shows))
