"""What lies round the bones of a person."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Habitus:
    """Fat and girth of a person; the average adult has 25 mm of fat and girth 1."""

    fat_mm: float  # over the trunk
    thigh_fat_mm: float
    girth: float  # of muscle and frame
    belly: float  # 0 flat to 3
    apron_mm: float  # how far a fold of the belly hangs below the groins; 0 for most


AVERAGE = Habitus(25.0, 22.0, 1.0, 0.7, 0.0)


def draw_habitus(rng: np.random.Generator, sex: str) -> Habitus:
    """From thin to very obese; women carry more on the thighs, men on the belly."""
    fat = float(np.clip(rng.gamma(4.0, 7.0), 6, 95))
    heavy = fat > 40
    return Habitus(
        fat_mm=fat,
        thigh_fat_mm=fat * rng.uniform(0.7, 1.2) * (1.0 if sex == "F" else 0.7),
        girth=rng.uniform(0.9, 1.1) * (0.97 if sex == "F" else 1.03),
        belly=rng.uniform(0, 1.5) + (rng.uniform(0, 1.8) if heavy else 0.0),
        apron_mm=rng.uniform(10, 90) if heavy and rng.random() < 0.6 else 0.0,
    )
