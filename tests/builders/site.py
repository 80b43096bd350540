"""What is the same for all files of a test's run."""

from ingest.identity import SiteKey
from ingest.reading import Site
from ingest.rules import Rules

KEY = SiteKey(b"k" * 32)


def make_site(*, shift_dates: bool = False) -> Site:
    """The rules that come with the software, and a key that everybody knows."""
    return Site(KEY, Rules.load(), shift_dates)
