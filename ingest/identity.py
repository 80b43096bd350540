"""Pseudonyms: keyed hashes that only the site's own key can make again."""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ingest.errors import IngestError

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SiteKey:
    """The secret that turns a patient ID into a patient key; the same ID always gives the same key."""

    secret: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of 64 hex digits, as an environment variable may hold them; IngestError where they are none."""
        try:
            secret = bytes.fromhex(text.strip())
        except ValueError:
            secret = b""
        if len(secret) != KEY_BYTES:
            raise IngestError(f"the site key is no {2 * KEY_BYTES} hex digits: restore it from its backup")
        return cls(secret)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads the key, and makes it (mode 0600) where there is none.

        Raises:
            IngestError: the file cannot be read or made, or holds no key.
        """
        try:
            if not path.exists():
                _make(path)
            secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise IngestError(
                f"the site key {path} cannot be used ({type(error).__name__}): restore it from its backup"
            ) from None  # the cause could show the key
        if len(secret) != KEY_BYTES:
            raise IngestError(f"the site key {path} is not whole: restore it from its backup")
        return cls(secret)

    def __call__(self, kind: str, *parts: str) -> str:
        """A pseudonym of 32 hex digits (HMAC-SHA256, shortened); ``kind`` keeps namespaces apart."""
        message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in map(_encoded, (kind, *parts)))
        return hmac.new(self.secret, message, hashlib.sha256).hexdigest()[:32]

    @property
    def fingerprint(self) -> str:
        """Tells two keys apart without giving either away."""
        return self("fingerprint")[:16]


def _encoded(part: str) -> bytes:
    return part.encode("utf-8", "surrogatepass")


def _make(path: Path) -> None:
    """A new key, whole or not at all: linked into place once it is written."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another run was quicker; its key counts
    finally:
        draft.unlink()
