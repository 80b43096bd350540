"""Cells of the truth tables that archives carry."""

from simulation.truth import FilmTruth


def angle_cells(truth: FilmTruth) -> dict[str, str]:
    """The angles of every cup that can be measured on a film: "left_inclination_deg" and so on, two decimals."""
    cells = {}
    for hip in truth.hips:
        if hip.cup is None or not hip.cup.visible:
            continue
        version = hip.cup.version_ap_deg if hip.cup.version_ap_deg is not None else hip.cup.version_lateral_deg
        for name, angle in (("inclination", hip.cup.inclination_deg), ("version", version)):
            cells[f"{hip.side}_{name}_deg"] = "" if angle is None else f"{angle:.2f}"
    return cells
