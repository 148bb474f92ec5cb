"""The keys that sign access tokens: a new one from time to time, the old ones as long as a token of theirs lives."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Key:
    """A key of HS256: `kid` names it in a token's header (RFC 7515 §4.1.4)."""

    kid: str
    secret: bytes = field(repr=False)
    made_at_s: float


class Keys:
    """Rotates by itself when it is asked. In memory only: with the gateway all tokens end.

    now_s:   seconds since the epoch
    life_s:  how long a key signs
    spare_s: how long it is good for reading after that: the life of a token
    """

    def __init__(self, *, now_s: Callable[[], float], life_s: float, spare_s: float) -> None:
        self._now_s = now_s
        self._life_s = life_s
        self._spare_s = spare_s
        self._keys: dict[str, Key] = {}
        self._signing = self._rotate(now_s())

    def signing(self) -> Key:
        """The key for a token that is made now."""
        now_s = self._now_s()
        if now_s - self._signing.made_at_s >= self._life_s:
            self._signing = self._rotate(now_s)
        return self._signing

    def find(self, kid: str) -> Key | None:
        """The key of that name, as long as a token of it may live."""
        key = self._keys.get(kid)
        return key if key is not None and not self._is_over(key, self._now_s()) else None

    def _rotate(self, now_s: float) -> Key:
        self._keys = {kid: key for kid, key in self._keys.items() if not self._is_over(key, now_s)}
        key = Key(secrets.token_hex(8), secrets.token_bytes(32), now_s)
        self._keys[key.kid] = key
        return key

    def _is_over(self, key: Key, now_s: float) -> bool:
        return now_s - key.made_at_s >= self._life_s + self._spare_s
