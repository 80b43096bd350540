"""Lives of invented patients: what happens to each hip over the years, and when somebody takes films of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from simulation.spec import HipState

YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True)
class Rates:
    """How often things happen; shares of hips, of operations or of visits."""

    operated: float = 0.62  # of hips that are ill enough to be seen
    second_hip: float = 0.35  # of patients: the other hip is followed too
    same_day: float = 0.08  # of those: both in one operation
    revised: float = 0.14  # of replacements, within the time watched
    migrating: float = 0.10  # of cups
    loosening: float = 0.08
    sinking: float = 0.07
    heterotopic: float = 0.18
    missed: float = 0.16  # of planned visits
    died: float = 0.14  # of patients
    moved_away: float = 0.07
    other_films: float = 0.40  # of visits: another body part is filmed too
    no_hip_films: float = 0.06  # of patients


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one hip."""

    side: str
    day: date
    name: str  # seen, primary, fixation, revision, migration, loosening, subsidence, ossification
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on a hip."""

    day: date
    kind: str  # tha, hemi, resurfacing, fixation
    number: int  # 0 the first replacement, then revisions
    cup: tuple[float, float]
    reason: str


@dataclass(frozen=True, slots=True)
class HipLife:
    """Everything that ever happens to one hip."""

    side: str
    condition: str
    ill_since: date
    worsens_years: float  # a grade each
    operations: tuple[Operation, ...] = ()
    moves_from: date | None = None
    cup_turns_deg_per_year: tuple[float, float] = (0.0, 0.0)
    cup_moves_mm_per_year: tuple[float, float] = (0.0, 0.0)
    loosens_from: date | None = None
    sinks_mm: float = 0.0
    heterotopic: int = 0

    def state(self, day: date) -> HipState:
        """What there is on a day."""
        done = [operation for operation in self.operations if operation.day <= day]
        grade = min(4, 1 + int(max((day - self.ill_since).days, 0) / YEAR_DAYS / max(self.worsens_years, 0.2)))
        condition = self.condition if self.condition == "normal" else f"{self.condition}:{grade}"
        if not done:
            return HipState(condition=condition)
        last = done[-1]
        if last.kind == "fixation":
            return HipState("fixation")
        fractured = "fracture" in self.condition
        state = HipState(last.kind, "normal" if fractured else condition, last.number, last.cup)
        years = (day - last.day).days / YEAR_DAYS
        state = replace(state, heterotopic=self.heterotopic if years > 0.25 else 0)
        return state if last.number else self._changed(state, day, years)

    def _changed(self, state: HipState, day: date, years: float) -> HipState:
        """What time has done to the first replacement; a revision ends it."""
        if self.moves_from is not None and day > self.moves_from and state.cup is not None:
            since = (day - self.moves_from).days / YEAR_DAYS
            turned = tuple(a + rate * since for a, rate in zip(state.cup, self.cup_turns_deg_per_year, strict=True))
            moved = tuple(rate * since for rate in self.cup_moves_mm_per_year)
            inclination, version = float(np.clip(turned[0], 15, 80)), float(np.clip(turned[1], -20, 55))
            state = replace(state, cup=(inclination, version), cup_moved_mm=moved)
        if self.loosens_from is not None and day > self.loosens_from:
            state = replace(state, loosening=min(1.0, 0.25 + (day - self.loosens_from).days / YEAR_DAYS * 0.3))
        return replace(state, subsidence_mm=self.sinks_mm * min(years / 2, 1.0))

    def events(self) -> Iterator[Event]:
        """In the order of time."""
        found = [Event(self.side, self.ill_since, "seen", self.condition)]
        for operation in self.operations:
            name = "fixation" if operation.kind == "fixation" else "revision" if operation.number else "primary"
            found.append(Event(self.side, operation.day, name, f"{operation.kind}; {operation.reason}"))
        if self.moves_from is not None:
            turn, move = self.cup_turns_deg_per_year, self.cup_moves_mm_per_year
            detail = f"{turn[0]:+.2f} {turn[1]:+.2f} deg/year; {move[0]:+.2f} {move[1]:+.2f} mm/year medially, upwards"
            found.append(Event(self.side, self.moves_from, "migration", detail))
        if self.loosens_from is not None:
            found.append(Event(self.side, self.loosens_from, "loosening"))
        yield from sorted(found, key=lambda event: (event.day, event.name))


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment; without films where the patient did not come."""

    planned: date
    day: date | None  # None: missed
    reason: str
    shots: tuple[str, ...] = ()  # "ap_pelvis:left" or another body part


@dataclass(frozen=True, slots=True)
class Life:
    """One invented patient."""

    number: int
    sex: str
    birth_date: date
    hips: tuple[HipLife, ...]
    visits: tuple[Visit, ...]
    death: date | None = None
    moved_away: date | None = None
    rates: Rates = field(default_factory=Rates)
