"""Whether a registry finds again what happened in the lives that its films are of."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import duckdb

from simulation.archive.findings import MEASURED, shots, true_angle
from simulation.archive.life import Life, Operation

Hip = tuple[str, str]  # patient key, side
_STILL_DEG = 0.5  # a cup that never moves by more has not moved


@dataclass(frozen=True, slots=True)
class Episodes:
    """Episodes of the lives that a film shows, of the registry, and those that are the same; by kind."""

    true: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)

    def recall(self, *kinds: str) -> float:
        """Of the lives' episodes of these kinds, of all where none is named, the share that was found."""
        return _share(self.same, self.true, kinds)

    def precision(self, *kinds: str) -> float:
        """Of the registry's episodes, the share that happened in the time that it says."""
        return _share(self.same, self.found, kinds)


@dataclass(frozen=True, slots=True)
class Alarms:
    """Series are the angles of one episode, measure, view and method over time.

    A false alarm is a confirmed change of a cup that never moved, or a revision that its angles seem to tell, anywhere
    in the whole time that its hip is followed.
    """

    migrations: int = 0  # series with two following days on which the cup is more than twice the MDC away
    migrations_confirmed: int = 0
    slight: int = 0  # the same with more than once the MDC, but not twice
    slight_confirmed: int = 0
    still_films: int = 0  # later angles of hips whose cup never moved
    still_films_flagged: int = 0
    still_films_confirmed: int = 0
    still_series: int = 0
    still_series_confirmed: int = 0
    still_hips: int = 0
    still_hips_confirmed: int = 0
    still_hips_operated: int = 0  # with an inferred revision that did not happen
    still_hips_alarmed: int = 0  # with either


def compare_episodes(lives: Sequence[Life], connection: duckdb.DuckDBPyConnection) -> Episodes:
    """Holds hip_episode against the lives: the same kind, the operation inside of the interval or on the date."""
    found: dict[Hip, list[tuple[str, date | None, date | None]]] = defaultdict(list)
    rows = connection.execute(
        "SELECT patient_key, side, kind, coalesce(surgery_date, after_date), by_date FROM registry.hip_episode "
        "ORDER BY patient_key, side, episode_number"
    ).fetchall()
    for patient, side, *episode in rows:
        found[patient, side].append((episode[0], episode[1], episode[2]))
    result = Episodes()
    for hip, true in _true_episodes(lives):
        left = found[hip]
        result.found.update(kind for kind, *_ in left)
        for kind, day in true:
            result.true[kind] += 1
            same = next((episode for episode in left if _fits(episode, kind, day)), None)
            if same is not None:
                left.remove(same)
                result.same[kind] += 1
    return result


def _true_episodes(lives: Sequence[Life]) -> Iterator[tuple[Hip, list[tuple[str, date | None]]]]:
    """Each filmed hip's episodes that at least one film is of; the first operation is the primary."""
    for life in lives:
        days: dict[str, list[date]] = defaultdict(list)
        for shot in shots(life):
            for side, _ in shot.hips:
                days[side].append(shot.day)
        operations = {hip.side: hip.operations for hip in life.hips}
        for side, filmed in days.items():
            yield (f"p{life.number}", side), _filmed(operations.get(side, ()), filmed)


def _filmed(operations: Sequence[Operation], days: Sequence[date]) -> list[tuple[str, date | None]]:
    starts = [None, *(operation.day for operation in operations)]
    ends = [*starts[1:], None]
    kinds = ["native", "primary", *["revision"] * len(operations)]
    return [
        (kind, start)
        for kind, start, end in zip(kinds, starts, ends, strict=False)
        if any((start is None or day >= start) and (end is None or day < end) for day in days)
    ]


def _fits(episode: tuple[str, date | None, date | None], kind: str, day: date | None) -> bool:
    found_kind, after, by = episode
    if found_kind != kind or day is None:
        return found_kind == kind
    return (after is None or after <= day) and by is not None and day <= by


def compare_changes(lives: Sequence[Life], connection: duckdb.DuckDBPyConnection) -> Alarms:
    """Holds hip_change against how far each cup truly was from where it was on the baseline film."""
    series = _series(_true_angles(lives), connection)
    moved = {hip for (hip, *_), points in series.items() if any(abs(point.true_deg) > _STILL_DEG for point in points)}
    still = {key: points for key, points in series.items() if key[0] not in moved}
    later = [point for points in still.values() for point in points[1:]]
    confirmed = {key for key, points in still.items() if _is_confirmed(points)}
    migrations = [points for points in series.values() if _moves_beyond(2, points)]
    slight = [points for points in series.values() if _moves_beyond(1, points) and not _moves_beyond(2, points)]
    hips, alarmed = {hip for hip, *_ in still}, {hip for hip, *_ in confirmed}
    operated = _invented_revisions(lives, connection) & hips
    return Alarms(
        migrations=len(migrations),
        migrations_confirmed=sum(map(_is_confirmed, migrations)),
        slight=len(slight),
        slight_confirmed=sum(map(_is_confirmed, slight)),
        still_films=len(later),
        still_films_flagged=sum(point.is_flagged for point in later),
        still_films_confirmed=sum(point.is_confirmed for point in later),
        still_series=len(still),
        still_series_confirmed=len(confirmed),
        still_hips=len(hips),
        still_hips_confirmed=len(alarmed),
        still_hips_operated=len(operated),
        still_hips_alarmed=len(alarmed | operated),
    )


@dataclass(frozen=True, slots=True)
class _Point:
    day: date
    true_deg: float  # change from baseline
    mdc_deg: float
    is_flagged: bool
    is_confirmed: bool


def _true_angles(lives: Sequence[Life]) -> dict[tuple[str, str, str], float]:
    return {
        (f"film-{shot.name}", side, measure): true_angle(state, measure, method)
        for life in lives
        for shot in shots(life)
        for side, state in shot.hips
        for measure, method in MEASURED.get(shot.view, ())
    }


def _series(
    true: Mapping[tuple[str, str, str], float], connection: duckdb.DuckDBPyConnection
) -> dict[tuple[str, ...], list[_Point]]:
    rows = connection.execute(
        'SELECT hip_key, episode_key, measure, "view", film_key, baseline_film_key, side, changes.study_date, mdc_deg, '
        "is_flagged, is_confirmed FROM registry.hip_change AS changes "
        'JOIN registry.hip_timeline USING (hip_film_key, hip_key, episode_key, film_key, side, "view") '
        "ORDER BY film_number"
    ).fetchall()
    series: dict[tuple[str, ...], list[_Point]] = defaultdict(list)
    for hip, episode, measure, view, film, baseline, side, day, *found in rows:
        change = true[film, side, measure] - true[baseline, side, measure]
        series[hip, episode, measure, view].append(_Point(day, change, *found))
    return series


def _invented_revisions(lives: Sequence[Life], connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The hip_keys with a revision inferred from films in whose interval nobody operated."""
    operations = {
        (f"p{life.number}", hip.side): [operation.day for operation in hip.operations]
        for life in lives
        for hip in life.hips
    }
    rows = connection.execute(
        "SELECT hip_key, patient_key, side, after_date, by_date FROM registry.hip_episode "
        "WHERE kind = 'revision' AND is_inferred"
    ).fetchall()
    return {
        hip
        for hip, patient, side, after, by in rows
        if not any((after is None or after <= day) and day <= by for day in operations.get((patient, side), ()))
    }


def _is_confirmed(points: Sequence[_Point]) -> bool:
    return any(point.is_confirmed for point in points)


def _moves_beyond(times: float, points: Sequence[_Point]) -> bool:
    """Whether the cup truly is so many times the MDC away, on the same side, on two following days."""
    return any(
        before.day < after.day
        and min(abs(before.true_deg), abs(after.true_deg)) > times * after.mdc_deg
        and before.true_deg * after.true_deg > 0
        for before, after in pairwise(points)
    )


def _share(part: Counter[str], whole: Counter[str], kinds: Sequence[str]) -> float:
    chosen = kinds or tuple(whole)
    return sum(part[kind] for kind in chosen) / max(sum(whole[kind] for kind in chosen), 1)
