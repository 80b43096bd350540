"""The stages of a file as one bar, beside what nothing can skip."""

from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.throughput.stages import IN_THE_BOUND, MODELS, STAGES, Costs

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")  # Okabe and Ito 2008
REST = "everything else"


def draw(costs: Costs, measured_s: float, path: Path) -> None:
    """Writes the picture; ``measured_s`` is what ``ingest run`` takes, CPU seconds a file."""
    spent = {stage: costs.a_file_ms(stage) for stage in (*STAGES, *MODELS)}
    spent[REST] = max(0.0, 1000 * measured_s - sum(spent.values()))
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    axes = figure.subplots()
    for row, stages in enumerate((tuple(spent), IN_THE_BOUND)):
        start = 0.0
        for number, stage in enumerate(spent):
            if stage in stages:
                hatch = "//" if number >= len(COLOURS) else None
                label = stage if row == 0 else None
                colour = COLOURS[number % len(COLOURS)]
                axes.barh(row, spent[stage], left=start, color=colour, hatch=hatch, edgecolor="white", label=label)
                start += spent[stage]
        axes.text(start + 1, row, f"{start:.0f} ms", va="center")
    axes.set_yticks([0, 1], ["ingest run", "the bound"])
    axes.invert_yaxis()
    axes.set_xlabel("CPU milliseconds a file of the standard corpus")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.35), ncols=4, frameon=False, fontsize="small")
    figure.savefig(path, dpi=150)
