"""Screening rules: what a TOML file says about headers, as values that can be asked."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from ingest.errors import UsageError

TEXTS = (
    "modality",
    "sop_class",
    "conversion",
    "body_part",
    "procedure",
    "series",
    "view_position",
    "photometric",
)
NUMBERS = ("rows", "columns", "bits_stored", "age_years")
DATES = ("study_date",)
OPERATORS = {
    **dict.fromkeys(TEXTS, frozenset({"in", "not_in", "starts_with", "matches", "not_matches"})),
    **dict.fromkeys(NUMBERS, frozenset({"below", "above"})),
    **dict.fromkeys(DATES, frozenset({"before", "after"})),
}
OR_MISSING = "or_missing"
Facts = Mapping[str, str | float | date | None]  # field -> what the header says; None where it says nothing


@dataclass(frozen=True, slots=True)
class Condition:
    """What one field has to be."""

    field: str
    tests: tuple[tuple[str, Any], ...]  # operator and operand; all have to hold
    or_missing: bool = False

    def holds(self, facts: Facts) -> bool:
        """False where the header does not say, unless that was allowed for."""
        value = facts.get(self.field)
        if value in {None, ""}:
            return self.or_missing
        return all(_test(operator, value, operand) for operator, operand in self.tests)


@dataclass(frozen=True, slots=True)
class Rule:
    """Excludes a file where all its conditions hold."""

    code: str
    why: str
    active: bool
    conditions: tuple[Condition, ...]

    def excludes(self, facts: Facts) -> bool:
        """Also of a rule that is not active."""
        return all(condition.holds(facts) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a file, in its order: the first that excludes decides."""

    rules: tuple[Rule, ...]
    sha256: str

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Of a site's file, or those that come with the software.

        Raises:
            UsageError: it cannot be read, or says something that no rule can mean.
        """
        try:
            content = path.read_bytes() if path else files("ingest").joinpath("rules.toml").read_bytes()
            told = tomllib.loads(content.decode("utf-8"))
            rules = tuple(_rule(rule) for rule in told["rule"])
        except OSError as error:
            raise UsageError(f"the rules {path} cannot be read ({error.strerror}): name another file") from None
        except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
            raise UsageError(f"the rules {path} cannot be used: {_said(error)}; see docs/screening.md") from None
        return cls(rules, hashlib.sha256(content).hexdigest())


def _said(error: Exception) -> str:
    return f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)


def _rule(told: dict[str, Any]) -> Rule:
    code = told["code"]
    unknown = told.keys() - {"code", "why", "active", "exclude_if"}
    if unknown:
        raise ValueError(f"rule {code} has {', '.join(sorted(unknown))}, which no rule has")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", code):
        raise ValueError(f"the code {code!r} is no small letters, digits and underscores")
    conditions = tuple(_condition(code, field, tests) for field, tests in told["exclude_if"].items())
    if all(condition.or_missing for condition in conditions):
        raise ValueError(f"rule {code} would exclude files for tags that they lack")
    return Rule(code, str(told.get("why", "")), bool(told.get("active", True)), conditions)


def _condition(code: str, field: str, tests: dict[str, Any]) -> Condition:
    if field not in OPERATORS:
        raise ValueError(f"rule {code} asks for {field}; there are {', '.join(OPERATORS)}")
    or_missing = bool(tests.pop(OR_MISSING, False))
    wrong = tests.keys() - OPERATORS[field]
    if wrong or not tests:
        raise ValueError(f"rule {code} has to test {field} with {', '.join(sorted(OPERATORS[field]))}")
    return Condition(field, tuple((operator, _operand(operator, told)) for operator, told in tests.items()), or_missing)


def _operand(operator: str, told: Any) -> Any:
    match operator:
        case "in" | "not_in":
            return frozenset(text.upper() for text in told)
        case "starts_with":
            return told.upper()
        case "matches" | "not_matches":
            return re.compile(told, re.IGNORECASE)
        case "before" | "after":
            return told if isinstance(told, date) else date.fromisoformat(told)
        case _:
            return float(told)


def _test(operator: str, value: Any, operand: Any) -> bool:  # noqa: PLR0911 - one line an operator
    match operator:
        case "in":
            return str(value).upper() in operand
        case "not_in":
            return str(value).upper() not in operand
        case "starts_with":
            return str(value).upper().startswith(operand)
        case "matches":
            return operand.search(value) is not None
        case "not_matches":
            return operand.search(value) is None
        case "below" | "before":
            return bool(value < operand)
        case _:
            return bool(value > operand)
