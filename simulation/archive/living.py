"""How lives come about: diseases, operations, what time does to them, and who comes to be seen."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from simulation.archive.life import YEAR_DAYS, HipLife, Life, Operation, Rates, Visit
from simulation.people.body_shape import Build
from simulation.people.skeleton import SIDES

_FIRST_DAY, _LAST_DAY = date(2004, 1, 5), date(2024, 6, 28)
_FOLLOW_UPS_YEARS = (0.12, 1.0, 2.0, 5.0, 10.0, 15.0)
_OTHER_PARTS = (
    "chest",
    "lateral_chest",
    "spine",
    "abdomen",
    "knee",
    "shoulder",
    "hand",
    "foot",
    "ankle",
    "skull",
    "leg",
)


def live(number: int, build: Build, rng: np.random.Generator, rates: Rates) -> Life:
    """A life; ``build`` is that of the person with the anatomy."""
    first = _FIRST_DAY + timedelta(days=int(rng.integers(0, 4200)))
    birth = first - timedelta(days=int(build.age_years * YEAR_DAYS + rng.integers(0, 365)))
    end = _LAST_DAY
    death = first + timedelta(days=int(rng.integers(400, 6500))) if rng.random() < rates.died else None
    moved = first + timedelta(days=int(rng.integers(300, 4000))) if rng.random() < rates.moved_away else None
    end = min(day for day in (end, death, moved) if day is not None)
    if rng.random() < rates.no_hip_films:
        shots = tuple(str(part) for part in rng.choice(_OTHER_PARTS, int(rng.integers(1, 3)), replace=False))
        return Life(number, build.sex, birth, (), (Visit(first, first, "other", shots),), death, moved, rates)
    sides = [str(rng.choice(list(SIDES)))]
    hips = [_hip(sides[0], build, first, end, rng, rates)]
    if rng.random() < rates.second_hip:
        sides.append("left" if sides[0] == "right" else "right")
        later = first + timedelta(days=int(rng.integers(0, 2500)))
        other = _hip(sides[1], build, min(later, end - timedelta(days=30)), end, rng, rates)
        if hips[0].operations and other.operations and rng.random() < rates.same_day:
            together = replace(other.operations[0], day=hips[0].operations[0].day)
            other = replace(other, ill_since=hips[0].ill_since, operations=(together, *other.operations[1:]))
        hips.append(other)
    visits = _visits(hips, first, end, rng, rates)
    return Life(number, build.sex, birth, tuple(hips), visits, death, moved, rates)


def _hip(side: str, build: Build, first: date, end: date, rng: np.random.Generator, rates: Rates) -> HipLife:  # noqa: PLR0917 (one hip of one life)
    conditions = ["arthritis", "dysplasia", "necrosis", "neck_fracture", "trochanteric_fracture"]
    shares = [0.70, 0.06, 0.07, 0.12, 0.05] if build.age_years > 50 else [0.46, 0.27, 0.22, 0.03, 0.02]
    condition = str(rng.choice(conditions, p=shares))
    life = HipLife(side, condition, first, rng.uniform(1.0, 4.0))
    fresh = "fracture" in condition
    if not fresh and rng.random() > rates.operated:
        return life
    day = first + timedelta(days=int(rng.integers(0, 4) if fresh else rng.integers(40, 1100)))
    if day >= end - timedelta(days=60):
        return life
    kind = {"neck_fracture": ["hemi", "tha", "fixation"], "trochanteric_fracture": ["fixation"]}.get(condition)
    kind = str(rng.choice(kind)) if kind else str(rng.choice(["tha", "resurfacing"], p=[0.95, 0.05]))
    cup = (float(np.clip(rng.normal(42, 7), 22, 62)), float(np.clip(rng.normal(17, 8), -8, 42)))
    operations = [Operation(day, kind, 0, cup, condition)]
    if kind == "fixation" and rng.random() < 0.2:
        operations.append(_next(operations[-1], end, rng, "failed fixation", 0))
    life = replace(life, operations=tuple(o for o in operations if o.day < end))
    return _worn(life, end, rng, rates) if life.operations[-1].kind in ("tha", "resurfacing") else life


def _worn(life: HipLife, end: date, rng: np.random.Generator, rates: Rates) -> HipLife:
    """Migration, loosening, sinking, new bone, and the revisions they lead to."""
    first = life.operations[-1]
    watched = (end - first.day).days
    migrating, loosening, sinking, bony, revised = rng.random(5)
    start = first.day + timedelta(days=int(rng.uniform(0.1, 0.6) * watched))
    reason = "infection"
    if migrating < rates.migrating:
        turns = (float(rng.normal(0, 2.5)), float(rng.normal(0, 2.0)))
        moves = (float(rng.uniform(0, 1.5)), float(rng.uniform(0.2, 2.5)))
        life, reason = (
            replace(life, moves_from=start, cup_turns_deg_per_year=turns, cup_moves_mm_per_year=moves),
            "migration",
        )
    if loosening < rates.loosening:
        life, reason = replace(life, loosens_from=start), "loosening"
    life = replace(
        life,
        sinks_mm=float(rng.uniform(2, 12)) if sinking < rates.sinking else 0.0,
        heterotopic=int(rng.choice([1, 2, 3, 4], p=[0.5, 0.28, 0.16, 0.06])) if bony < rates.heterotopic else 0,
    )
    chance = rates.revised if reason == "infection" else 0.55
    if revised < chance and watched > 500:
        again = _next(first, end, rng, reason, first.number + 1)
        if again.day < end - timedelta(days=30):
            life = replace(life, operations=(*life.operations, again))
    return life


def _next(before: Operation, end: date, rng: np.random.Generator, reason: str, number: int) -> Operation:
    day = before.day + timedelta(days=int(rng.uniform(0.3, 0.95) * max((end - before.day).days, 60)))
    cup = (float(np.clip(rng.normal(42, 6), 25, 60)), float(np.clip(rng.normal(18, 7), -5, 40)))
    return Operation(day, "tha", number, cup, reason)


def _visits(hips: list[HipLife], first: date, end: date, rng: np.random.Generator, rates: Rates) -> tuple[Visit, ...]:
    """Before each operation, after it, the follow-ups it deserves, and now and then because it hurts."""
    planned: dict[date, tuple[str, str]] = {}
    for hip in hips:
        planned[hip.ill_since] = ("complaint", hip.side)
        for operation in hip.operations:
            before = operation.day - timedelta(days=int(rng.integers(0, 25)))
            planned.setdefault(max(before, first), ("before operation", hip.side))
            planned[operation.day + timedelta(days=int(rng.integers(0, 4)))] = ("after operation", hip.side)
            for years in _FOLLOW_UPS_YEARS:
                day = operation.day + timedelta(days=int(years * YEAR_DAYS + rng.normal(0, 9 + 12 * years)))
                if day > operation.day + timedelta(days=12):
                    planned.setdefault(day, ("follow-up", hip.side))
        if rng.random() < 0.3:
            planned.setdefault(first + timedelta(days=int(rng.integers(30, 5000))), ("complaint", hip.side))
    visits = []
    for day in sorted(planned):
        if not first <= day < end:
            continue
        reason, side = planned[day]
        missed = reason == "follow-up" and rng.random() < rates.missed
        visits.append(Visit(day, None if missed else day, reason, () if missed else _shots(reason, side, rng, rates)))
    return tuple(visits)


def _shots(reason: str, side: str, rng: np.random.Generator, rates: Rates) -> tuple[str, ...]:
    """Which films a visit takes."""
    shots = [f"ap_pelvis:{side}"] if rng.random() < 0.72 else [f"ap_hip:{side}"]
    if shots == [f"ap_pelvis:{side}"] and rng.random() < 0.35:
        shots.append(f"ap_hip:{side}")
    lateral = "cross_table_lateral" if "operation" in reason or rng.random() < 0.55 else "frog_leg_lateral"
    if rng.random() < 0.7:
        shots.append(f"{lateral}:{side}")
    if rng.random() < 0.10:
        shots.append(f"oblique_hip:{side}")
    if rng.random() < 0.06:
        shots.append(shots[0])  # taken again
    if rng.random() < rates.other_films:
        shots.append(str(rng.choice(_OTHER_PARTS)))
    return tuple(shots)
