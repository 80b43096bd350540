"""Attenuation as physics orders it."""

import itertools

import pytest

from simulation.beam.materials import ATTENUATION_PER_MM, SPECTRUM, trabecular

DENSER = ["fat", "muscle", "cortical", "ceramic", "steel", "cobalt_chrome", "lead"]


@pytest.mark.parametrize(("thin", "dense"), list(itertools.pairwise(DENSER)))
def test_denser_matter_of_higher_number_attenuates_more(thin, dense):
    assert (ATTENUATION_PER_MM[thin] < ATTENUATION_PER_MM[dense]).all()


@pytest.mark.parametrize("name", sorted(set(ATTENUATION_PER_MM) - {"cement"}))
def test_attenuation_falls_with_energy(name):
    assert (ATTENUATION_PER_MM[name][:-1] > ATTENUATION_PER_MM[name][1:]).all()


def test_barium_in_cement_attenuates_more_above_its_edge_at_37_kev():
    below, above, _ = ATTENUATION_PER_MM["cement"]
    assert above > below


def test_the_spectrum_is_a_distribution():
    assert SPECTRUM.sum() == pytest.approx(1)


def test_trabecular_bone_lies_between_marrow_and_cortex():
    mixed = trabecular(0.3)
    assert (mixed > ATTENUATION_PER_MM["fat"]).all()
    assert (mixed < ATTENUATION_PER_MM["cortical"]).all()
