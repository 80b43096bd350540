"""What a person wants to see after a run, as plain aligned text."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ingest.pipeline import RunResult
from ingest.preview import Preview
from ingest.repository import ServedModel, Weights
from warehouse.summary import Summary

RESEARCH_USE = "Research use only: models trained on simulated films, not validated on patients, not a medical device."


def run_report(result: RunResult) -> str:
    """What this run did, and what stood in its way."""
    tally = result.tally
    new, rate = tally.reasons.total(), tally.reasons.total() / max(result.seconds, 1e-9)
    lines = [f"Run {result.run_id} {result.outcome} in {result.seconds:.1f} s."]
    if new:
        lines.append(
            f"{tally.dealt_with:,} files dealt with: {tally.known:,} known before, {new:,} new ({rate:.1f}/s)."
        )
    else:
        lines.append(f"Nothing new: all {tally.known:,} files are known from earlier runs.")
    lines += [f"Not searched, because it may not be opened: {folder}" for folder in tally.first_closed]
    if more := tally.closed - len(tally.first_closed):
        lines.append(f"Not searched, because they may not be opened: {more:,} more folders")
    lines += [f"Batch put aside, its files are read again by the next run: {batch}" for batch in result.quarantined]
    if result.held:
        lines.append("Another process holds the warehouse: the results wait in the spool, the next run lands them.")
    return "\n".join(lines)


def registry_report(summary: Summary, warehouse: Path) -> str:
    """Everything landed so far: each file with its reason, films, measurements, and where it all is."""
    parts = [_ledger(summary)]
    if summary.films:
        parts += [_films(summary)]
    if summary.measurements:
        parts += [_measurements(summary)]
    parts.append(f"Warehouse: {warehouse} (schema landing; 'dbt build' makes schema registry)\n{RESEARCH_USE}")
    return "\n\n".join(parts)


def screening_report(preview: Preview) -> str:
    """How many files the header would end, and of each rule how many it excludes."""
    ends = [(end, f"{files:,}") for end, files in preview.ends.most_common()]
    ends.append(("files found", f"{preview.found:,}"))
    rules = [
        (
            str(number + 1),
            rule.code,
            "on" if rule.active else "off",
            f"{preview.decided[number]:,}",
            f"{preview.excluded[number]:,}",
            rule.why,
        )
        for number, rule in enumerate(preview.rules)
    ]
    titles = ("rule", "code", "is", "decides", "excludes", "why")
    explained = (
        "A rule decides a file where it is the first that is on to exclude it; 'excludes' counts all that it would\n"
        "exclude, also where it is off. No model was asked and nothing was written."
    )
    return f"{_table(('header', 'files'), ends, numbers=1, total=True)}\n\n{_table(titles, rules)}\n{explained}"


def model_list(models: Sequence[ServedModel]) -> str:
    """The served models: name, version, production platform, weights, intended use."""
    rows = [
        (
            model.name,
            ",".join(map(str, model.versions)) or "none",
            model.platform,
            _weights(model.onnx),
            _weights(model.plan),
            "yes" if model.ready_without_gpu else "no",
        )
        for model in models
    ]
    table = _table(("model", "version", "platform", "onnx", "plan", "runs without GPU"), rows)
    uses = "\n".join(f"{model.name}: {model.intended_use}" for model in models)
    return f"{table}\n\n{uses}\n{RESEARCH_USE}"


def _ledger(summary: Summary) -> str:
    rows = [(line.disposition, line.reason, f"{line.files:,}") for line in summary.ledger]
    rows.append(("files found", "", f"{summary.files_found:,}"))
    return _table(("disposition", "reason", "files"), rows, numbers=1, total=True)


def _films(summary: Summary) -> str:
    rows = [
        (line.view, line.side, "implant" if line.implant else "native", f"{line.films:,}")
        for line in summary.films_by_kind
    ]
    rows.append(("films", "", "", f"{summary.films:,}"))
    table = _table(("view", "side", "hips", "films"), rows, numbers=1, total=True)
    patients, review = _counted(summary.patients, "patient"), _counted(summary.films_to_review, "film")
    return f"{table}\n{patients}; {review} for a person to look at."


def _measurements(summary: Summary) -> str:
    rows = [
        (
            line.measure,
            line.method,
            f"{line.accepted:,}",
            f"{line.refused:,}",
            _degrees(line.median_deg),
            f"{_degrees(line.low_deg)} to {_degrees(line.high_deg)}" if line.accepted else "-",
        )
        for line in summary.measurements
    ]
    return _table(("cup angle", "method", "measured", "not measured", "median deg", "5 % to 95 %"), rows, numbers=4)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _degrees(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _weights(weights: Weights | None) -> str:
    return f"{weights.sha256[:12]} {weights.size_bytes / 1e6:.1f} MB" if weights else "-"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 0, total: bool = False) -> str:
    """Columns as wide as their longest cell; the last ``numbers`` to the right; a rule above a ``total``."""
    lines = [tuple(titles), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    first_number = len(titles) - numbers
    texts = [
        "  ".join(
            cell.rjust(width) if column >= first_number else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    body = [*texts[1:-1], rule, texts[-1]] if total else texts[1:]
    return "\n".join([texts[0], rule, *body])
