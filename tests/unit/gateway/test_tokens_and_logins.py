"""Accounts, access tokens, refresh tokens: by a clock of the test's own."""

import jwt
import pytest

from helios_gateway.auth import DEMO_ACCOUNTS, Authority


class Clock:
    """Seconds since the epoch, as the test wants them."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.5

    def __call__(self) -> float:
        """Now."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authority(clock: Clock) -> Authority:
    return Authority(DEMO_ACCOUNTS, now_s=clock)


def test_a_token_names_user_login_and_fifteen_minutes(authority: Authority) -> None:
    answer = authority.log_in("admin", "admin123")
    assert answer is not None
    claims = jwt.decode(answer.token, options={"verify_signature": False})
    assert set(claims) == {"exp", "iat", "sub", "jti", "sid"}
    assert claims["sub"] == "admin"
    assert claims["exp"] - claims["iat"] == 900 == answer.expires_in
    grant = authority.check(answer.token)
    assert grant is not None
    assert (grant.username, grant.is_admin, grant.sid) == ("admin", True, claims["sid"])


@pytest.mark.parametrize(
    ("username", "password"), [("admin", "admin12"), ("nobody", "admin123"), ("", ""), ("é", "\ud800")]
)
def test_a_wrong_login_gives_nothing(authority: Authority, username: str, password: str) -> None:
    assert authority.log_in(username, password) is None


def test_the_viewer_is_no_admin(authority: Authority) -> None:
    answer = authority.log_in("viewer", "viewer123")
    assert answer is not None
    grant = authority.check(answer.token)
    assert grant is not None
    assert not grant.is_admin


def test_a_token_ends_and_its_login_with_it(authority: Authority, clock: Clock) -> None:
    answer = authority.log_in("admin", "admin123")
    assert answer is not None
    grant = authority.check(answer.token)
    assert grant is not None
    clock.now_s += 899
    assert authority.check(answer.token) == grant
    assert authority.is_alive(grant.sid)
    clock.now_s += 1
    assert authority.check(answer.token) is None
    assert not authority.is_alive(grant.sid)


def test_a_refresh_keeps_the_login_and_works_once(authority: Authority, clock: Clock) -> None:
    first = authority.log_in("admin", "admin123")
    assert first is not None
    assert first.refresh_token is not None
    before = authority.check(first.token)
    clock.now_s += 800
    second = authority.refresh(first.refresh_token)
    assert second is not None
    clock.now_s += 200
    after = authority.check(second.token)
    assert after == before
    assert after is not None
    assert authority.is_alive(after.sid)
    assert authority.check(first.token) is None
    assert authority.refresh(first.refresh_token) is None


def test_a_refresh_token_ends_too(authority: Authority, clock: Clock) -> None:
    answer = authority.log_in("admin", "admin123")
    assert answer is not None
    assert answer.refresh_token is not None
    clock.now_s += 12 * 3600
    assert authority.refresh(answer.refresh_token) is None
    assert authority.log_in("admin", "admin123") is not None
    assert authority.check(answer.token) is None


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_of_ours_is_refused(authority: Authority, token: str) -> None:
    assert authority.check(token) is None


def test_a_token_of_another_gateway_is_refused(authority: Authority, clock: Clock) -> None:
    other = Authority(DEMO_ACCOUNTS, now_s=clock).log_in("admin", "admin123")
    assert other is not None
    assert authority.check(other.token) is None


def test_no_repr_shows_a_password() -> None:
    assert "admin123" not in repr(DEMO_ACCOUNTS)
