"""How pictures are drawn here: in colours that colour-blind readers tell apart, and never by colour alone."""

import io
from collections.abc import Callable
from typing import Any

import duckdb
import matplotlib as mpl
from matplotlib.figure import Figure

# Okabe and Ito, Color universal design, 2008
BLUE, ORANGE, GREEN, RED, BLACK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#000000"
PALETTE = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9")
MARKERS = "osD^vP"

Picture = Callable[[duckdb.DuckDBPyConnection], Figure | None]  # None: nothing to draw


def svg(figure: Figure) -> bytes:
    """The figure as SVG with its letters as paths, the same bytes for the same figure."""
    sink = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "registry", "font.size": 9}):
        figure.savefig(sink, format="svg", bbox_inches="tight", metadata={"Date": None})
    return sink.getvalue()


def ask(connection: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    """All rows of a query on the published registry."""
    return connection.execute(query).fetchall()


def make_figure(height_inches: float) -> tuple[Figure, Any]:
    """A figure of the page's width and its axes."""
    figure = Figure(figsize=(7.5, height_inches))
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
