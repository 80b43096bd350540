"""What others report of like tools on patients' films, and ours beside it."""

from dataclasses import dataclass

from training.evaluation.markdown import NOTHING, number, paragraph, percent, table
from training.evaluation.statistics import Figures

WYLES = "Wyles et al., J Bone Joint Surg Am 2022;104(18):1649 (5,000 films)"
ROUZROKH = "Rouzrokh et al. 2021, PMC8197739"
MULFORD = "Mulford et al. 2025, knees, doi 10.1016/j.arth.2024.10.103"
THA_AID = "THA-AID, doi 10.1016/j.arth.2023.09.025"
TRAUMACAD = "TraumaCad against CT, J Orthop Surg Res 2013;8:8"


@dataclass(frozen=True, slots=True)
class Published:
    """A figure as its authors give it, and where ours lies in a set's figures."""

    what: str
    theirs: str
    source: str
    path: tuple[str, ...]
    is_share: bool = True


VIEWS, ANGLES = ("views", "paper"), ("angles", "angles")
PUBLISHED = (
    Published("view in the paper's categories: accuracy", "99.9 %", WYLES, (*VIEWS, "accuracy", "share")),
    Published("the same: precision, mean of views", "99.6 %", WYLES, (*VIEWS, "precision")),
    Published("the same: recall, mean of views", "99.5 %", WYLES, (*VIEWS, "recall")),
    Published("the same: F1, mean of views", "99.6 %", WYLES, (*VIEWS, "macro_f1", "value")),
    Published("the same: F1", "over 0.98", MULFORD, (*VIEWS, "macro_f1", "value")),
    Published(
        "inclination, AP pelvis: MAE in deg",
        "1.35",
        ROUZROKH,
        (*ANGLES, "inclination, AP pelvis", "mae"),
        is_share=False,
    ),
    Published(
        "inclination, AP pelvis: MAE in deg",
        "2.1",
        TRAUMACAD,
        (*ANGLES, "inclination, AP pelvis", "mae"),
        is_share=False,
    ),
    Published(
        "version, cross-table: MAE in deg", "1.39", ROUZROKH, (*ANGLES, "version, cross-table", "mae"), is_share=False
    ),
    Published(
        "inclination, AP pelvis: off by more than 5 deg",
        "under 2.5 %",
        ROUZROKH,
        (*ANGLES, "inclination, AP pelvis", "far_off", "share"),
    ),
    Published(
        "version, cross-table: off by more than 5 deg",
        "under 2.5 %",
        ROUZROKH,
        (*ANGLES, "version, cross-table", "far_off", "share"),
    ),
    Published("detector, mAP", "0.945", MULFORD, ("detection", "map50"), is_share=False),
)


def section(usual: Figures, shifted: Figures | None) -> list[str]:
    """The page's part; ``shifted`` is None where there is no such set."""
    lines = ["## Beside published figures", ""]
    lines += paragraph(
        "Theirs are of patients' films read by people, ours of simulated films with exact truth. The columns do not "
        "compare two tools on the same films and must not be read so; only a trial on patients' films can."
    )
    rows = [
        (p.what, _ours(usual, p), NOTHING if shifted is None else _ours(shifted, p), p.theirs, p.source)
        for p in PUBLISHED
    ]
    lines += table(["what", "usual films, simulated", "shifted films, simulated", "published", "source"], rows)
    return lines + paragraph(
        f"{THA_AID}, reports 98.9 % on its own films and 97.0 % on another hospital's, and flags over 99 % of films "
        "from outside its domain: the drop to our shifted films is the counterpart of the former, the outlier score of "
        "the latter. Our precision, recall and F1 are means over views, our mAP is at IoU "
        "one half; theirs may be taken otherwise."
    )


def _ours(figures: Figures, published: Published) -> str:
    value = figures
    for key in published.path:
        value = value[key]
    return percent(value) if published.is_share else number(value)
