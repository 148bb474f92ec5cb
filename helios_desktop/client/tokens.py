"""The token in use: how long it is good, and when to fetch the next. Pure: the caller brings the time."""

from typing import Final

from helios_desktop.protocol.auth import LoginAnswer, token_expiry_s

NS: Final = 1_000_000_000
EARLY_S: Final = 60.0
EARLY_SHARE: Final = 0.2
SHORTEST_RENEWAL_S: Final = 10.0
RETRY_S: Final = 30.0
OLD_S: Final = 30.0
"""Older than that, it is renewed before a connection that was lost is made anew: the gateway may have forgotten it."""
_LONGEST_LIFE_S: Final = 10 * 365 * 86_400.0


class Tokens:
    """One session's token. A token that was given is used as it is; with a login, the next comes from there.

    token:         "" where there is none now
    refresh_token: "" where the gateway has no refresh
    expires_ns:    None where nobody knows
    renew_ns:      when to fetch the next, by the caller's clock; None for never
    """

    def __init__(self, given: str, *, has_login: bool, opaque_life_s: float) -> None:
        self.token = given
        self.refresh_token = ""
        self.expires_ns: int | None = None
        self.renew_ns: int | None = None
        self._stale_ns: int | None = None
        self._taken_ns: int | None = None
        self._has_given_up = False
        self._has_login = has_login
        self._opaque_life_s = opaque_life_s
        expiry_s = _sane(token_expiry_s(given)) if given else None
        if expiry_s is not None:
            self.expires_ns = int(expiry_s * NS)
            if has_login:
                self.renew_ns = self._stale_ns = self.expires_ns - int(EARLY_S * NS)

    def is_wanting(self, now_ns: int) -> bool:
        """True where a connection should fetch a token first: there is none, or it runs out soon."""
        if not self._has_login:
            return False
        return not self.token or (self._stale_ns is not None and now_ns >= self._stale_ns)

    def is_old(self, now_ns: int) -> bool:
        """True where it is renewed before a reconnect, though it may be good; of a given one nobody knows the age."""
        if not self._has_login or self._has_given_up:
            return False
        return self._taken_ns is None or now_ns - self._taken_ns >= int(OLD_S * NS)

    def take(self, answer: LoginAnswer, now_ns: int) -> None:
        """Use this one from now on."""
        self._taken_ns = now_ns
        self._has_given_up = False
        self.token = answer.token
        self.refresh_token = answer.refresh_token or self.refresh_token
        life_s = self._life_s(answer, now_ns)
        self.expires_ns = now_ns + int(life_s * NS)
        self._stale_ns = self.expires_ns - int(min(EARLY_S, life_s * EARLY_SHARE) * NS)
        self.renew_ns = max(self._stale_ns, now_ns + int(SHORTEST_RENEWAL_S * NS))

    def drop(self) -> None:
        """It was refused: only a login brings another."""
        self.token = self.refresh_token = ""
        self._has_given_up = False
        self.expires_ns = self.renew_ns = self._stale_ns = self._taken_ns = None

    def drop_refresh(self) -> None:
        """The refresh was refused."""
        self.refresh_token = ""

    def renewal_failed(self, now_ns: int, *, is_for_good: bool) -> None:
        """No new token came; the one in use may be good until it expires. If not `is_for_good`, try a little later."""
        self._has_given_up = is_for_good
        self.renew_ns = None if is_for_good else now_ns + int(RETRY_S * NS)

    def _life_s(self, answer: LoginAnswer, now_ns: int) -> float:
        told_s = answer.expires_in
        if told_s is None:
            # Both clocks decide over this one, so it comes after what needs only ours.
            expiry_s = token_expiry_s(answer.token)
            told_s = None if expiry_s is None else expiry_s - now_ns / NS
        return _sane(told_s) or self._opaque_life_s


def _sane(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 0 < seconds < _LONGEST_LIFE_S * 100 else None
