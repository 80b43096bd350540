"""Where the films of a hip lie, as the landing tables know it: for who wants to look at them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse.land import Warehouse

# Of two boxes on one side the more certain one is the hip, as in the registry; of several copies the registered one
# comes first.
_FILES = """
SELECT hip.film_key, hip.box, file.file_key, file.path, file.content_sha256
FROM (
    SELECT hip.film_key, hip.box
    FROM landing.hip
    JOIN (SELECT unnest($keys) AS film_key, unnest($versions) AS model_version, unnest($sides) AS side) AS asked
        USING (film_key, model_version, side)
    QUALIFY row_number() OVER (PARTITION BY hip.film_key ORDER BY hip.score DESC, hip.hip_index) = 1
) AS hip
JOIN landing.current_file AS file USING (film_key)
WHERE file.disposition = 'registered' OR file.reason = 'same_image'
ORDER BY hip.film_key, file.disposition <> 'registered', file.path
"""


@dataclass(frozen=True, slots=True)
class FilmFile:
    """A file that holds a film, as it was when it was read."""

    file_key: str  # of path, size and time of change
    path: str  # of a member of an archive, its label
    content_sha256: str | None
    box: tuple[float, float, float, float]  # the hip: x0, y0, x1, y1 in film pixels


def film_files(warehouse: Path, films: Sequence[tuple[str, str, str]]) -> dict[str, list[FilmFile]]:
    """By film key, the files that hold it; ``films`` are keys, the model version whose box counts, and the hip's side.

    Raises:
        WarehouseError: the warehouse cannot be opened.
        WarehouseHeldError: another process holds it.
    """
    with Warehouse(warehouse).opened() as connection:
        asked = {name: [film[place] for film in films] for place, name in enumerate(("keys", "versions", "sides"))}
        rows = connection.execute(_FILES, asked).fetchall() if films else []
    files: dict[str, list[FilmFile]] = {}
    for film_key, box, file_key, path, content_sha256 in rows:
        files.setdefault(film_key, []).append(FilmFile(file_key, path, content_sha256, tuple(box)))
    return files
