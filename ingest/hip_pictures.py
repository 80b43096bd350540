"""What became of hips, from the published registry."""

from dataclasses import dataclass
from datetime import date

import duckdb
import matplotlib as mpl
from matplotlib.figure import Figure

from ingest.drawing import BLACK, BLUE, MARKERS, PALETTE, RED, ask, make_figure

YEAR_DAYS = 365.25
_AT_RISK_YEARS = (0, 1, 3, 5, 7, 10, 13)
_LONGEST = "(SELECT hip_key FROM hip_change GROUP BY hip_key ORDER BY count(*) DESC, hip_key LIMIT 1)"


@dataclass(frozen=True, slots=True)
class HipFilm:
    """A film of a hip's timeline, with its accepted angles."""

    film_key: str
    model_version: str
    side: str
    study_date: date | None
    view: str
    inclination_deg: float | None
    version_deg: float | None


def cup_positions(connection: duckdb.DuckDBPyConnection) -> Figure | None:
    """Inclination against version of each replaced hip, a panel a zone, for they are different measurements."""
    rows = ask(
        connection,
        "SELECT zone, version_deg, inclination_deg, version_low_deg, inclination_low_deg, version_high_deg, "
        "inclination_high_deg, is_inside FROM cup_position_zone WHERE is_inside IS NOT NULL ORDER BY ALL",
    )
    zones = sorted({row[0] for row in rows})
    if not zones:
        return None
    figure = Figure(figsize=(7.5, 3.6))
    for place, zone in enumerate(zones, start=1):
        axes = figure.add_subplot(1, len(zones), place)
        points = [row for row in rows if row[0] == zone]
        _, _, _, left, low, right, high, _ = points[0]
        axes.add_patch(mpl.patches.Rectangle((left, low), right - left, high - low, fill=False, linestyle="--"))
        for inside, colour, marker in ((True, BLUE, "o"), (False, RED, "x")):
            chosen = [(row[1], row[2]) for row in points if row[7] == inside]
            name = f"{'inside' if inside else 'outside'} ({len(chosen)})"
            versions, inclinations = [point[0] for point in chosen], [point[1] for point in chosen]
            axes.scatter(versions, inclinations, s=14, color=colour, marker=marker, label=name)
        axes.set(title=zone, xlabel="version, degrees", ylabel="inclination, degrees")
        axes.legend(frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    figure.tight_layout()
    return figure


def longest_timeline(connection: duckdb.DuckDBPyConnection) -> Figure | None:
    """The hip with most angles: each series with what a change must exceed to be more than error."""
    rows = ask(
        connection,
        f"""
        SELECT measure || ', ' || "view" || ', ' || method AS series, episode_key, study_date, value_deg, baseline_deg,
            mdc_deg, is_confirmed
        FROM hip_change
        WHERE hip_key = {_LONGEST}
        ORDER BY series, study_date, value_deg
        """,  # noqa: S608 - a query of ours
    )
    if not rows:
        return None
    figure, axes = make_figure(4.2)
    names = sorted({row[0] for row in rows})
    for name, episode in sorted({(row[0], row[1]) for row in rows}):  # a line ends where another cup begins
        place = names.index(name) % len(MARKERS)
        points = [row[2:] for row in rows if row[:2] == (name, episode)]
        days, values = [point[0] for point in points], [point[1] for point in points]
        axes.plot(days, values, color=PALETTE[place], marker=MARKERS[place], label=name)
        if points[0][3] is not None:
            low, high = ([point[2] + sign * point[3] for point in points] for sign in (-1, 1))
            axes.fill_between(days, low, high, color=PALETTE[place], alpha=0.12, linewidth=0)
        moved = [point for point in points if point[4]]
        rings = {"facecolors": "none", "edgecolors": RED, "linewidths": 1.5}
        axes.scatter([point[0] for point in moved], [point[1] for point in moved], s=90, **rings)
    axes.set_ylabel("degrees")
    handles, labels = axes.get_legend_handles_labels()
    series = list(dict(zip(labels, handles, strict=True)).values())
    axes.legend(series, names, frameon=False, ncols=2, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.1))
    return figure


def films_of_longest_timeline(connection: duckdb.DuckDBPyConnection) -> list[HipFilm]:
    """All films of the hip that ``longest_timeline`` draws, in their order."""
    rows = ask(
        connection,
        f"""
        SELECT film_key, model_version, side, study_date, "view", inclination_deg, version_deg
        FROM hip_timeline
        WHERE hip_key = {_LONGEST}
        ORDER BY film_number
        """,  # noqa: S608 - a query of ours
    )
    return [HipFilm(*row) for row in rows]


def survival(connection: duckdb.DuckDBPyConnection) -> Figure | None:
    """Revision-free survival with its 95 % interval and the numbers at risk."""
    rows = ask(
        connection,
        "SELECT days_followed, at_risk, survival, survival_low, survival_high, incidence_revision FROM survival_km "
        "WHERE dimension = 'all' ORDER BY days_followed",
    )
    if not rows:
        return None
    figure, axes = make_figure(3.8)
    years = [0.0, *(row[0] / YEAR_DAYS for row in rows)]
    curves = [[1.0, *(row[column] for row in rows)] for column in (2, 3, 4)]
    axes.step(years, curves[0], where="post", color=BLUE, label="free of revision (Kaplan-Meier, 95 % interval)")
    low, high = ([value if value is not None else 0.0 for value in curve] for curve in curves[1:])
    axes.fill_between(years, low, high, step="post", color=BLUE, alpha=0.15, linewidth=0)
    unrevised = [1.0, *(1 - row[5] for row in rows)]
    axes.step(years, unrevised, where="post", color=RED, linestyle="--", label="1 - incidence, death competing")
    axes.set(ylabel="share", ylim=(min(0.5, *low), 1.01))
    ticks = [year for year in _AT_RISK_YEARS if year <= years[-1]]
    at_risk = [next((row[1] for row in rows if row[0] >= year * YEAR_DAYS), 0) for year in ticks]
    axes.set_xticks(ticks, [f"{year}\n{number:,}" for year, number in zip(ticks, at_risk, strict=True)])
    axes.set_xlabel("years after the primary; below, hips at risk")
    axes.legend(frameon=False, loc="lower left")
    return figure


def funnel(connection: duckdb.DuckDBPyConnection) -> Figure | None:
    """Units' revision rates with the limits of 2 and 3 standard deviations over their hip-years."""
    rows = ask(
        connection,
        "SELECT unit_type, unit_code, hip_years, rate_per_100_years, pooled_rate_per_100_years, low_2sd, high_2sd, "
        "low_3sd, high_3sd FROM unit_funnel WHERE rate_per_100_years IS NOT NULL AND unit_code <> 'not supplied' "
        "ORDER BY unit_type, hip_years",
    )
    types = sorted({row[0] for row in rows})
    if not types:
        return None
    figure = Figure(figsize=(7.5, 3.2))
    for place, unit_type in enumerate(types, start=1):
        axes = figure.add_subplot(1, len(types), place)
        units = [row for row in rows if row[0] == unit_type]
        years = [row[2] for row in units]
        axes.scatter(years, [row[3] for row in units], color=BLUE, zorder=3)
        for _, code, hip_years, rate, *_ in units:
            axes.annotate(code, (hip_years, rate), xytext=(4, 4), textcoords="offset points")
        for columns, style in (((4,), "-"), ((5, 6), "--"), ((7, 8), ":")):
            for column in columns:
                axes.plot(years, [row[column] for row in units], color=BLACK, linestyle=style, marker="_")
        axes.set(title=unit_type, xlabel="hip-years", ylabel="revisions per 100 hip-years")
    figure.tight_layout()
    return figure


def cusum(connection: duckdb.DuckDBPyConnection) -> Figure | None:
    """Each supplied site's CUSUM over the primaries in the order of their dates."""
    rows = ask(
        connection,
        "SELECT unit_code, case_number, cusum, cusum_limit FROM unit_cusum "
        "WHERE unit_type = 'site' AND unit_code <> 'not supplied' AND cusum IS NOT NULL ORDER BY ALL",
    )
    if not rows:
        return None
    figure, axes = make_figure(2.8)
    for place, unit in enumerate(sorted({row[0] for row in rows})):
        points = [row for row in rows if row[0] == unit]
        axes.step(
            [row[1] for row in points],
            [row[2] for row in points],
            where="post",
            color=PALETTE[place % len(PALETTE)],
            linestyle=("-", "--", ":", "-.")[place % 4],
            label=unit,
        )
    axes.axhline(rows[0][3], color=RED, linewidth=1)
    axes.set(xlabel="primaries in the order of their dates", ylabel="CUSUM; line: limit")
    axes.legend(frameon=False)
    return figure
