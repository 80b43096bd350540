"""Linear attenuation of what a film can show, at three energies that stand for a 75 kV spectrum."""

import numpy as np
from numpy.typing import NDArray

ENERGIES_KEV = (36.0, 50.0, 66.0)
SPECTRUM = np.array([0.30, 0.42, 0.28])  # share of photons at each energy

# 1/mm, total cross sections of xraylib 4.3.0 times the density in g/cm3 given at the end of each line.
ATTENUATION_PER_MM: dict[str, NDArray[np.float64]] = {
    "fat": np.array([0.024389, 0.020164, 0.018190]),  # adipose tissue (ICRP), 0.95
    "muscle": np.array([0.031442, 0.023765, 0.020597]),  # skeletal muscle, 1.05
    "cortical": np.array([0.151423, 0.076737, 0.050569]),  # cortical bone (ICRP), 1.85
    "titanium": np.array([1.260949, 0.517482, 0.262382]),  # Ti-6Al-4V, 4.43
    "cobalt_chrome": np.array([4.625016, 1.863067, 0.892817]),  # Co-29Cr-6Mo, 8.3
    "steel": np.array([3.851848, 1.545777, 0.745993]),  # Fe-18Cr-14Ni, 7.9
    "polyethylene": np.array([0.022560, 0.019595, 0.018034]),  # 0.94
    "cement": np.array([0.076669, 0.126493, 0.070738]),  # PMMA with 10 % barium sulphate, 1.25
    "ceramic": np.array([1.169813, 0.507551, 0.266377]),  # alumina with 20 % zirconia, 4.37
    "zirconia": np.array([6.786851, 2.775813, 1.310646]),  # 6.0
    "tantalum": np.array([4.501480, 1.904215, 0.931938]),  # trabecular, a fifth of 16.65
    "plastic": np.array([0.131218, 0.063833, 0.040498]),  # polyvinyl chloride, 1.40
    "silicone": np.array([0.057980, 0.034509, 0.026037]),  # 1.15
    "contrast": np.array([0.311269, 0.142090, 0.076473]),  # 9 % iodine in water, 1.08
    "lead": np.array([21.314732, 9.087452, 4.441894]),  # 11.3
}
METALS = frozenset({"titanium", "cobalt_chrome", "steel", "ceramic", "zirconia", "tantalum", "lead"})


def trabecular(fraction: float) -> NDArray[np.float64]:
    """Trabecular bone: this fraction of cortical bone, the rest marrow fat."""
    return fraction * ATTENUATION_PER_MM["cortical"] + (1 - fraction) * ATTENUATION_PER_MM["fat"]
