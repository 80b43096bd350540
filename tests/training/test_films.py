"""What augmentation does to a film keeps its truth in step."""

import numpy as np
import pytest

from training.films import cover, refiltered, stretched


def test_a_cover_lies_where_it_says() -> None:
    """All that changed lies within the edges it returns, and is even."""
    for seed in range(20):
        image = np.random.default_rng(seed).uniform(0.2, 0.8, (96, 96)).astype(np.float32)
        before = image.copy()
        x0, y0, x1, y1 = cover(image, np.random.default_rng(seed)).astype(int)
        changed = np.zeros(image.shape, bool)
        changed[y0:y1, x0:x1] = True
        assert 0 <= x0 < x1 <= 96
        assert 0 <= y0 < y1 <= 96
        assert np.array_equal(image[~changed], before[~changed])
        assert np.ptp(image[changed]) == 0


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.3])
def test_a_stretched_film_is_wider_by_as_much_as_it_is_lower(factor: float) -> None:
    """Areas and the middle stay."""
    unmoved = np.array([[1.0, 0, 0], [0, 1, 0]])
    matrix = stretched(unmoved, 101, factor)
    assert matrix @ [50, 50, 1] == pytest.approx([50, 50])
    assert matrix @ [60, 60, 1] - [50, 50] == pytest.approx([10 * factor, 10 / factor])


@pytest.mark.parametrize("seed", range(12))
def test_a_refiltered_film_is_another_one_on_which_bright_stays_bright(seed: int) -> None:
    """It correlates with what it was, and keeps its greys between black and white."""
    before = np.zeros((96, 96), np.float32)
    before[30:60, 20:70] = 0.7
    before += np.random.default_rng(9).uniform(0.1, 0.2, before.shape).astype(np.float32)
    after = refiltered(before, np.random.default_rng(seed))
    assert not np.allclose(after, before, atol=0.01)
    assert np.corrcoef(after.ravel(), before.ravel())[0, 1] > 0
    assert after.min() >= 0
    assert after.max() <= 1


def test_a_black_film_stays_black_under_any_filter() -> None:
    """Nothing is divided by its spread of nothing."""
    black = np.zeros((96, 96), np.float32)
    assert not refiltered(black, np.random.default_rng(1)).any()
