"""What the screening rules would exclude, told without asking a model or writing anything."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.archive import members
from ingest.flow import read_ahead
from ingest.header import open_header
from ingest.reading import IsKnown, Reading, Site
from ingest.records import FoundFile, Reason
from ingest.rules import Rule
from ingest.screen import facts_of, screen
from ingest.settings import Settings
from ingest.source import check_sources, walk
from ingest.unpacking import opened
from ingest.workers import Workers

PASSES = "passes"
READ_AHEAD = 16  # headers a worker has waiting: each takes a millisecond


@dataclass(slots=True)
class Preview:
    """Counts of files; ``ends`` sums to ``found``."""

    rules: tuple[Rule, ...]
    found: int = 0
    ends: Counter[str] = field(default_factory=Counter)  # reason, or PASSES
    decided: Counter[int] = field(default_factory=Counter)  # rule number -> files that it is the first to exclude
    excluded: Counter[int] = field(default_factory=Counter)  # rule number -> files that it excludes, active or not


def preview(settings: Settings, site: Site) -> Preview:
    """Read every header of the sources, and hold every rule against it."""
    check_sources(settings.sources)
    counts = Preview(site.rules.rules)
    with Workers(settings.workers, site, timeout_s=settings.file_timeout_s, task=judge) as workers:
        for _, reading in read_ahead(_files(settings), workers, READ_AHEAD * settings.workers):
            counts.found += 1
            counts.ends[reading.reason.value if reading.reason else PASSES] += 1
            numbers = [int(number) for number in (reading.detail or "").split()] if _judged(reading) else []
            counts.excluded.update(numbers)
            counts.decided.update([number for number in numbers if site.rules.rules[number].active][:1])
    return counts


def judge(found: FoundFile, site: Site, _: IsKnown, __: str | None) -> Reading:
    """As a task of ``Workers``: how the header ends, and as the detail the numbers of the rules that exclude it."""
    try:
        with opened(found) as file:
            headed = open_header(file) if found.size_bytes else None
    except OSError:
        return Reading(Reason.UNREADABLE)
    except Exception:  # noqa: BLE001 - a broken header passes the screen, and the pixels decide
        return Reading(found.refused or Reason.BAD_HEADER)
    dataset, has_pixels = headed or (None, False)
    verdict = screen(found.size_bytes, dataset, site.rules, has_pixels=has_pixels)
    if dataset is None or not has_pixels or verdict.reason is Reason.DICOMDIR:
        return Reading(verdict.reason)
    facts = facts_of(dataset)
    numbers = [str(number) for number, rule in enumerate(site.rules.rules) if rule.excludes(facts)]
    return Reading(verdict.reason, " ".join(numbers))


def _judged(reading: Reading) -> bool:
    """Of a file whose worker died, the detail is prose."""
    return reading.reason is not Reason.WORKER_CRASHED


def _files(settings: Settings) -> Iterator[FoundFile]:
    for found in walk(settings.sources, skip=(settings.home, settings.spool)):
        inside = members(found)
        yield from (found,) if inside is None else inside
