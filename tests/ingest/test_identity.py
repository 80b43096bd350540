import re
from pathlib import Path

import pytest

from ingest.errors import IngestError
from ingest.identity import SiteKey


def test_one_patient_has_one_key_and_two_have_two() -> None:
    key = SiteKey(b"s" * 32)
    assert key("patient", "P1", "A") == key("patient", "P1", "A")
    others = {
        key("patient", "P1", "A"),
        key("patient", "P2", "A"),
        key("patient", "P1", "B"),
        key("patient", "P1A", ""),
    }
    assert len(others) == 4


def test_kinds_and_parts_do_not_run_together() -> None:
    key = SiteKey(b"s" * 32)
    assert key("patient", "1", "23") != key("patient", "12", "3")
    assert key("patient", "1") != key("accession", "1")


def test_another_site_gives_another_key() -> None:
    one, other = SiteKey(b"s" * 32), SiteKey(b"t" * 32)
    assert one("patient", "P1") != other("patient", "P1")
    assert one.fingerprint != other.fingerprint


def test_a_key_is_32_hex_digits() -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", SiteKey(b"s" * 32)("patient", "Jos\u00e9\udcff"))


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    made = SiteKey.load(tmp_path / "var" / "site.key")
    assert SiteKey.load(tmp_path / "var" / "site.key") == made
    assert (tmp_path / "var" / "site.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["site.key"]


@pytest.mark.parametrize("content", ["", "abc", "zz" * 32, "ab" * 16], ids=["empty", "odd", "no hex", "short"])
def test_a_broken_key_is_refused_and_not_shown(tmp_path: Path, content: str) -> None:
    (tmp_path / "site.key").write_text(content)
    with pytest.raises(IngestError, match="restore it from its backup") as error:
        SiteKey.load(tmp_path / "site.key")
    assert not content or content not in str(error.value)


def test_the_secret_is_not_in_the_repr() -> None:
    assert "s" * 8 not in repr(SiteKey(b"s" * 32))
