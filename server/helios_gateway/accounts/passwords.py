"""Passwords, hashed with argon2id (RFC 9106)."""

import base64
import secrets
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 8
LONGEST: Final = 1024
_LONGEST_NAME: Final = 64


def username_fault(username: str) -> str:
    """What is wrong with a name for an account, as the end of a sentence; "" where nothing is."""
    if not 1 <= len(username) <= _LONGEST_NAME:
        return f"a name has 1 to {_LONGEST_NAME} characters, this one {len(username)}"
    if not all(sign.isprintable() and not sign.isspace() for sign in username):
        return "a name has visible characters only, no spaces and no control characters"
    if username.startswith("-"):
        return "a name does not begin with '-', which the command line takes for an option"
    return "" if unicodedata.is_normalized("NFC", username) else "a name must be in Unicode's composed form (NFC)"


def password_fault(password: str) -> str:
    """What is wrong with a new password, as the end of a sentence; "" where nothing is."""
    size = len(_bytes(password))
    if SHORTEST <= size <= LONGEST:
        return ""
    return f"a password has {SHORTEST} to {LONGEST} bytes, this one {size if size < SHORTEST else 'more'}"


class Passwords:
    """Makes and checks hashes; each takes some 20 MB and 50 ms (OWASP's choice for argon2id), so never on the loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._of_nobody = self._unmatched()

    def hash(self, password: str) -> str:
        """A salted hash, with its parameters in it."""
        return self._hasher.hash(_bytes(password))

    def is_right(self, password: str, hashed: str | None) -> bool:
        """Whether it is the password of this hash; None costs the same and is never right."""
        if is_too_long(password):
            return False
        try:
            return self._hasher.verify(self._of_nobody if hashed is None else hashed, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, hashed: str) -> bool:
        """Whether it was made with other parameters than these."""
        return self._hasher.check_needs_rehash(hashed)

    def _unmatched(self) -> str:
        # Random bytes in the place of a hash: that no password has them is as sure as that none is guessed.
        hasher = self._hasher
        salt, tag = (
            base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")
            for size in (hasher.salt_len, hasher.hash_len)
        )
        parameters = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
        return f"$argon2id$v=19${parameters}${salt}${tag}"


def is_too_long(password: str) -> bool:
    """Whether it can be nobody's, so that it need not be hashed."""
    return len(password) > LONGEST or len(_bytes(password)) > LONGEST


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
