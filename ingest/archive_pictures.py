"""What an archive holds and how well it is read, from the published registry."""

import duckdb
from matplotlib.figure import Figure

from ingest.drawing import BLACK, BLUE, MARKERS, ORANGE, PALETTE, ask, make_figure


def curation(connection: duckdb.DuckDBPyConnection) -> Figure | None:
    """How many files became films of which kind, and why the others did not."""
    rows = ask(
        connection,
        "SELECT section, label, files FROM curation_summary WHERE section <> 'aside' AND files > 0 "
        "ORDER BY section = 'total' DESC, section = 'film' DESC, files DESC",
    )
    if not rows:
        return None
    figure, axes = make_figure(0.32 * len(rows) + 1)
    colours = {"total": BLACK, "film": BLUE, "excluded": ORANGE}
    hatches = {"total": "", "film": "", "excluded": "//"}
    for place, (section, label, files) in enumerate(rows):
        axes.barh(place, files, color=colours[section], hatch=hatches[section], edgecolor="white")
        axes.text(files, place, f" {files:,}", va="center")
        rows[place] = (section, f"{label} ({section})", files)
    axes.set_yticks(range(len(rows)), [label for _, label, _ in rows])
    axes.invert_yaxis()
    axes.set_xlabel("files")
    return figure


def films_by_year(connection: duckdb.DuckDBPyConnection) -> Figure | None:
    """Registered films by year and category."""
    rows = ask(
        connection,
        "SELECT view_category, CAST(year(study_date) AS INTEGER) AS year, count(*) FROM fct_radiograph "
        "WHERE study_date IS NOT NULL AND NOT dated_before_birth GROUP BY ALL ORDER BY ALL",
    )
    if not rows:
        return None
    figure, axes = make_figure(3)
    below: dict[int, int] = {}
    for place, category in enumerate(sorted({row[0] for row in rows})):
        counts = {year: films for name, year, films in rows if name == category}
        axes.bar(
            list(counts),
            list(counts.values()),
            bottom=[below.get(year, 0) for year in counts],
            color=PALETTE[place],
            hatch=("", "//", "..", "xx", "--")[place],
            edgecolor="white",
            label=category,
        )
        below |= {year: below.get(year, 0) + films for year, films in counts.items()}
    axes.set_ylabel("films")
    axes.legend(frameon=False)
    return figure


def drift(connection: duckdb.DuckDBPyConnection) -> Figure | None:
    """Mean view score by month, of the devices with most films."""
    rows = ask(
        connection,
        """
        SELECT manufacturer || ' ' || device_model AS device, month, mean_view_score
        FROM model_drift_monthly
        INNER JOIN (
            SELECT manufacturer, device_model
            FROM model_drift_monthly
            GROUP BY manufacturer, device_model
            ORDER BY sum(films) DESC NULLS LAST, manufacturer, device_model
            LIMIT 4
        ) AS largest USING (manufacturer, device_model)
        WHERE mean_view_score IS NOT NULL
        ORDER BY ALL
        """,
    )
    if not rows:
        return None
    figure, axes = make_figure(2.8)
    for place, device in enumerate(sorted({row[0] for row in rows})):
        points = [row for row in rows if row[0] == device]
        dates, scores = [row[1] for row in points], [row[2] for row in points]
        axes.plot(dates, scores, color=PALETTE[place], marker=MARKERS[place], markersize=3, linewidth=0.8, label=device)
    axes.set_ylabel("mean score of the view")
    axes.legend(frameon=False)
    return figure


def completeness(connection: duckdb.DuckDBPyConnection) -> Figure | None:
    """Visits of the schedule: kept and overdue."""
    rows = ask(
        connection,
        "SELECT visit, count(*) FILTER (WHERE status = 'done'), count(*) FILTER (WHERE status = 'overdue') "
        "FROM followup_compliance WHERE status IN ('done', 'overdue') GROUP BY visit, due_after_days "
        "ORDER BY due_after_days",
    )
    if not rows:
        return None
    figure, axes = make_figure(2.8)
    places, done = range(len(rows)), [row[1] for row in rows]
    axes.bar(places, done, color=BLUE, edgecolor="white", label="done")
    axes.bar(
        places, [row[2] for row in rows], bottom=done, color=ORANGE, hatch="//", edgecolor="white", label="overdue"
    )
    axes.set_xticks(places, [row[0] for row in rows])
    axes.set_ylabel("visits")
    axes.legend(frameon=False)
    return figure
