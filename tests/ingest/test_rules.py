"""Screening rules: what a TOML file may say, and that a tag which is missing excludes nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders.dicom import make_dicom

from ingest.errors import UsageError
from ingest.records import Reason
from ingest.rules import OPERATORS, Rules
from ingest.screen import Verdict, facts_of, screen


def make_rules(folder: Path, text: str) -> Rules:
    path = folder / "rules.toml"
    path.write_text(text)
    return Rules.load(path)


def judge(rules: Rules, **tags: Any) -> Verdict:
    return screen(1000, make_dicom(**tags), rules, has_pixels=True)


@pytest.mark.parametrize(
    ("condition", "tags", "other"),
    [
        ('modality = { in = ["CR"] }', {"Modality": "cr"}, {"Modality": "DX"}),
        ('modality = { not_in = ["CR"] }', {"Modality": "DX"}, {"Modality": "CR"}),
        ('sop_class = { starts_with = "1.2.840.1" }', {"SOPClassUID": "1.2.840.10"}, {"SOPClassUID": "1.3"}),
        ('body_part = { matches = "chest|skull" }', {"BodyPartExamined": "CHEST"}, {"BodyPartExamined": "HIP"}),
        (
            'procedure = { matches = "KNEE", not_matches = "HIP" }',
            {"StudyDescription": "Knee, left"},
            {"StudyDescription": "Knee", "ProtocolName": "hip"},
        ),
        ('series = { matches = "scout" }', {"SeriesDescription": "Scout 1"}, {"SeriesDescription": "AP"}),
        ('view_position = { in = ["MLO"] }', {"ViewPosition": "MLO"}, {"ViewPosition": "AP"}),
        ('photometric = { in = ["RGB"] }', {"PhotometricInterpretation": "RGB"}, {}),
        ("rows = { below = 65 }", {"Rows": 64}, {"Rows": 65}),
        ("columns = { above = 10 }", {"Columns": 11}, {"Columns": 10}),
        ('study_date = { before = "2000-01-01" }', {"StudyDate": "19991231"}, {"StudyDate": "20000101"}),
        ("study_date = { after = 2000-01-01 }", {"StudyDate": "20000102"}, {"StudyDate": "20000101"}),
        ("age_years = { below = 16 }", {"PatientAge": "015Y"}, {"PatientAge": "016Y"}),
        ("bits_stored = { below = 9 }", {"BitsStored": 8}, {"BitsStored": 12}),
    ],
    ids=lambda value: value.split(" = ")[0] + value.split("{")[1].split("=")[0] if isinstance(value, str) else "",
)
def test_a_rule_excludes_what_meets_its_conditions(
    tmp_path: Path, condition: str, tags: dict[str, Any], other: dict[str, Any]
) -> None:
    rules = make_rules(tmp_path, f'[[rule]]\ncode = "ours"\nexclude_if.{condition}\n')
    assert judge(rules, **tags).reason is Reason.SITE_RULE
    assert judge(rules, **other) == Verdict()


@pytest.mark.parametrize("rule", Rules.load().rules, ids=lambda rule: rule.code)
def test_a_shipped_rule_excludes_no_file_for_what_it_leaves_out(rule: Any) -> None:
    assert not rule.excludes(dict.fromkeys(OPERATORS))
    assert not rule.excludes(facts_of(make_dicom(Modality=None, SOPClassUID=None, Rows=None, Columns=None)))


def test_all_conditions_of_a_rule_have_to_hold(tmp_path: Path) -> None:
    text = '[[rule]]\ncode = "both"\nexclude_if.rows = { below = 100 }\nexclude_if.columns = { below = 100 }\n'
    rules = make_rules(tmp_path, text)
    assert judge(rules, Rows=99, Columns=99) == Verdict(Reason.SITE_RULE, "both")
    assert judge(rules, Rows=99, Columns=101) == Verdict()


def test_the_first_rule_that_is_on_decides_and_gives_its_code(tmp_path: Path) -> None:
    text = """
    [[rule]]
    code = "off"
    active = false
    exclude_if.modality = { in = ["DX"] }
    [[rule]]
    code = "modality"
    exclude_if.modality = { in = ["DX"] }
    [[rule]]
    code = "later"
    exclude_if.modality = { in = ["DX"] }
    """
    assert judge(make_rules(tmp_path, text), Modality="DX") == Verdict(Reason.MODALITY, "DX")


def test_prose_of_the_header_stays_out_of_the_detail(tmp_path: Path) -> None:
    rules = make_rules(tmp_path, '[[rule]]\ncode = "ours"\nexclude_if.series = { matches = "." }\n')
    assert judge(rules, SeriesDescription="Jane Doe").detail == "ours"


def test_a_file_of_rules_is_known_by_its_hash(tmp_path: Path) -> None:
    text = '[[rule]]\ncode = "ours"\nexclude_if.rows = { below = 1 }\n'
    assert make_rules(tmp_path, text).sha256 == make_rules(tmp_path, text).sha256 != Rules.load().sha256


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rule", "Expected"),
        ("", "'rule' is missing"),
        ("[[rule]]\ncode = 'x'", "'exclude_if' is missing"),
        ("[[rule]]\ncode = 'x y'\nexclude_if.rows = { below = 1 }", "small letters"),
        ("[[rule]]\ncode = 'x'\nexclude_if.name = { in = ['DOE'] }", "asks for name"),
        ("[[rule]]\ncode = 'x'\nexclude_if.rows = { matches = '1' }", "above, below"),
        ("[[rule]]\ncode = 'x'\nexclude_if.series = { matches = '(' }", "unterminated"),
        ("[[rule]]\ncode = 'x'\nexclude_if.series = { in = ['a'], or_missing = true }", "tags that they lack"),
        ("[[rule]]\ncode = 'x'\nif.rows = { below = 1 }\nexclude_if.rows = { below = 1 }", "has if"),
        ("[[rule]]\ncode = 'x'\nexclude_if.study_date = { before = 'may' }", "isoformat"),
    ],
    ids=["no toml", "empty", "no condition", "code", "field", "operator", "expression", "missing", "key", "date"],
)
def test_rules_that_mean_nothing_are_refused_with_their_fault(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        make_rules(tmp_path, text)


def test_dates_of_rules_are_dates(tmp_path: Path) -> None:
    text = '[[rule]]\ncode = "x"\nexclude_if.study_date = { before = "2000-01-31" }\n'
    [condition] = make_rules(tmp_path, text).rules[0].conditions
    assert condition.tests == (("before", date(2000, 1, 31)),)
