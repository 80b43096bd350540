"""What happens to a developed plate before it is stored: crops, turns, mirrored copies, photographs of it."""

from simulation.geometry.camera import Raster
from simulation.spec import FilmSpec
from simulation.views.picture import Picture


def reproduced(spec: FilmSpec, shown: Raster, picture: Picture) -> tuple[Raster, Picture]:
    """The film that is stored, (H, W) from 0 to 1, and where everything now falls on it."""
    del spec
    return shown, picture
