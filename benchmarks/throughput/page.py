"""Where the measured tables stand."""

from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def begin(name: str) -> str:
    """The line before the part of that name."""
    return f"<!-- {name} -->"


def end(name: str) -> str:
    """The line after it."""
    return f"<!-- /{name} -->"


def write(text: str, page: Path, name: str) -> None:
    """Puts ``text`` between the markers of ``name`` in ``page``."""
    before, rest = page.read_text().split(begin(name))
    page.write_text(f"{before}{begin(name)}\n{text}\n{end(name)}{rest.split(end(name))[1]}")
