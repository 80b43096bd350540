"""Sets of keys, small: a million take 32 MB instead of the 150 MB of as many Python strings."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

import numpy as np

KEY_CHARACTERS = 32  # of a file_key, and of the part of a content hash that is kept


class KeySet(AbstractSet[str]):
    """Keys of at most 32 ASCII characters, sorted once and then only asked; a longer one is asked by its beginning.

    ``parts`` are shortened one by one, so that the whole never stands in memory as strings.
    """

    def __init__(self, parts: Iterable[Iterable[str]] = ()) -> None:
        arrays = [np.array([*part], f"S{KEY_CHARACTERS}") for part in parts]
        self.sorted = np.unique(np.concatenate(arrays)) if arrays else np.empty(0, f"S{KEY_CHARACTERS}")

    def __contains__(self, key: object) -> bool:
        wanted = str(key).encode()[:KEY_CHARACTERS]
        at = int(np.searchsorted(self.sorted, np.bytes_(wanted)))
        return at < self.sorted.size and bool(self.sorted[at] == wanted)

    def __iter__(self) -> Iterator[str]:
        return (key.decode() for key in self.sorted)

    def __len__(self) -> int:
        return int(self.sorted.size)

    def union(self, other: "KeySet") -> "KeySet":
        """Of both."""
        both = KeySet()
        both.sorted = np.union1d(self.sorted, other.sorted)
        return both
