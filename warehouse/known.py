"""What needs no reading again: kept on disk, so that an archive of any size takes the same few megabytes of memory."""

import os
import sqlite3
import threading
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

from warehouse.errors import WarehouseError

CACHE_KIB = 8192  # of the file that SQLite keeps in memory
AT_ONCE = 50_000  # rows that are sorted before they are added: a tree grows quickly in order
_TABLES = """
CREATE TABLE file (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE content (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE film (key TEXT PRIMARY KEY, film_key TEXT, file_key TEXT, pixel_sha256 TEXT) WITHOUT ROWID;
"""


class KnownFilm(NamedTuple):
    """The film that already stands for a SOP Instance UID."""

    film_key: str
    file_key: str
    pixel_sha256: str


class Known:
    """Files, contents and films that are dealt with, in a nameless file that ends with the process.

    It may be asked from several threads. Every method raises WarehouseError where the disk is full.
    """

    def __init__(self, path: Path) -> None:
        """``path`` is where the file lies as long as it has a name."""
        self._path = path
        self._lock = threading.Lock()
        with self._telling():
            path.unlink(missing_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.executescript(
                f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; "
                f"PRAGMA cache_size = -{CACHE_KIB}; BEGIN; {_TABLES}"
            )
            path.unlink()
        self.files: Keys = Keys(self, "file")  # file_key
        self.contents: Keys = Keys(self, "content")  # content_sha256 of files whose film is known
        self.films = Films(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, query: str, key: str) -> tuple[Any, ...] | None:
        """The row of a key."""
        with self._telling(), self._lock:
            row: tuple[Any, ...] | None = self._connection.execute(query, (key,)).fetchone()
        return row

    def add(self, statement: str, rows: Iterable[tuple[str, ...]]) -> None:
        """All rows; the first of several with one key stays."""
        waiting = iter(rows)
        while part := sorted(islice(waiting, AT_ONCE), key=lambda row: row[0]):  # stable: the first stays first
            with self._telling(), self._lock:
                self._connection.executemany(statement, part)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise WarehouseError(
                f"{self._path} cannot be written ({getattr(error, 'strerror', None) or error}): "
                "free some space or correct its permissions, and run again"
            ) from error


class Keys(Container[str]):
    """A set of keys."""

    def __init__(self, known: Known, table: str) -> None:
        self._known = known
        self._ask = f"SELECT 1 FROM {table} WHERE key = ?"  # noqa: S608 - a name of ours
        self._add = f"INSERT OR IGNORE INTO {table} VALUES (?)"  # noqa: S608 - as above

    def __contains__(self, key: object) -> bool:
        return self._known.ask(self._ask, str(key)) is not None

    def update(self, keys: Iterable[str]) -> None:
        """Adds them."""
        self._known.add(self._add, ((key,) for key in keys))


class Films:
    """The film that stands for each SOP Instance UID; the first one counts."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def get(self, sop_instance_uid: str) -> KnownFilm | None:
        """None where no film has this UID yet."""
        row = self._known.ask("SELECT film_key, file_key, pixel_sha256 FROM film WHERE key = ?", sop_instance_uid)
        return KnownFilm(*row) if row else None

    def __setitem__(self, sop_instance_uid: str, film: KnownFilm) -> None:
        self.update([(sop_instance_uid, film)])

    def update(self, films: Iterable[tuple[str, KnownFilm]]) -> None:
        """Adds them."""
        self._known.add("INSERT OR IGNORE INTO film VALUES (?, ?, ?, ?)", ((uid, *film) for uid, film in films))
