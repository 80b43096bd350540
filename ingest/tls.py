"""TLS to a Triton server: files are named, never their contents."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ingest.errors import UsageError

ENCRYPTED = ("grpcs", "https")  # schemes that promise it


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: who vouches for the server, and, where it asks for that, who vouches for us."""

    ca: Path
    certificate: Path | None = None
    key: Path | None = None

    @classmethod
    def of(cls, url: str | None, ca: Path | None, certificate: Path | None, key: Path | None) -> Self | None:
        """What the options ask for; UsageError where they do not fit together or a file cannot be read."""
        named = [path for path in (ca, certificate, key) if path]
        if not url:
            if named:
                raise UsageError("--triton-ca, --triton-cert and --triton-key are for a server named with --triton")
            return None
        if ca is None:
            if named or url.split("://", 1)[0] in ENCRYPTED:
                raise UsageError("an encrypted connection needs --triton-ca: the certificate that signed the server's")
            return None
        if (certificate is None) != (key is None):
            raise UsageError("--triton-cert and --triton-key belong together: name both, or neither")
        for path in named:
            _check(path)
        return cls(ca, certificate, key)

    def arguments(self) -> dict[str, Any]:
        """As Triton's client takes it."""
        names = {"root_certificates": self.ca, "certificate_chain": self.certificate, "private_key": self.key}
        return {"ssl": True} | {name: str(path) for name, path in names.items() if path}


def why_refused(message: str) -> str | None:
    """What stands in the way of an encrypted connection, from gRPC's words; None where nobody answers at all."""
    if "CERTIFICATE_VERIFY_FAILED" in message or "Peer name" in message or "hostname" in message.lower():
        return "its certificate is not signed by --triton-ca, or not for that name"
    if "security handshaker" in message:
        return "a file named with --triton-ca, --triton-cert or --triton-key holds no certificate or key of that kind"
    if "Socket closed" in message or "andshake" in message:
        return "it ends the connection: it may want --triton-cert and --triton-key, or speak no TLS"
    return None


def _check(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): name a PEM file that this user may read") from None
