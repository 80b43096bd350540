"""What a set of films is drawn from: the mixture of training, an archive's, and one that training never saw."""

from collections.abc import Callable, Mapping

import numpy as np

from simulation.people.skeleton import SIDES
from simulation.spec import MIXTURE_NAMES, FilmSpec, random_spec, random_state

Draw = Callable[[np.random.Generator, int, int, int], FilmSpec]  # generator, person, seed, pixels along the long edge

# Files of each kind among the 846,988 of Wyles et al. 2022; the paper does not split its laterals, we do by 60 to 40.
PAPER_FILES: Mapping[str, float] = {
    "ap_pelvis": 168_551,
    "ap_hip": 176_890,
    "cross_table_lateral": 0.6 * 174_637,
    "frog_leg_lateral": 0.4 * 174_637,
    "oblique_hip": 117_578,
    "other": 209_332,
}
BROKEN_SHARE = 1 / 8  # of the others: exposures that show nothing


def paper_spec(rng: np.random.Generator, person: int, seed: int, size: int = 768) -> FilmSpec:
    """A film of the archive of Wyles et al. 2022: a quarter of it shows no hip, or nothing at all.

    The shares are of what is drawn. An AP pelvis that is then cropped to one hip comes out as an AP hip.
    """
    files = np.array(list(PAPER_FILES.values()))
    view = str(rng.choice(list(PAPER_FILES), p=files / files.sum()))
    return FilmSpec(
        seed=seed,
        person=person,
        view=view,
        side=str(rng.choice(list(SIDES))),
        hips={side: random_state(rng) for side in SIDES},
        size=size,
        broken=bool(rng.random() < BROKEN_SHARE) and view == "other",
    )


MIXTURES: Mapping[str, Draw] = dict(zip(MIXTURE_NAMES, (random_spec, paper_spec), strict=True))
