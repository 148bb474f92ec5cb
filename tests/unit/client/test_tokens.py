"""How long a token is good, and when the next is fetched."""

import jwt
import pytest

from helios_desktop.client.tokens import NS, Tokens
from helios_desktop.protocol.auth import LoginAnswer

NOW_NS = 1_800_000_000 * NS


def make_tokens(given: str = "", *, has_login: bool = True) -> Tokens:
    return Tokens(given, has_login=has_login, opaque_life_s=900)


def make_jwt(exp_s: float) -> str:
    return jwt.encode({"exp": exp_s}, "k" * 32, algorithm="HS256")


def test_without_a_token_one_is_wanting_only_where_a_login_can_bring_it() -> None:
    assert make_tokens().is_wanting(NOW_NS)
    assert not make_tokens(has_login=False).is_wanting(NOW_NS)


def test_the_gateways_own_word_on_the_life_of_a_token_counts_first() -> None:
    tokens = make_tokens()
    tokens.take(LoginAnswer(make_jwt(NOW_NS / NS + 5000), expires_in=600), NOW_NS)
    assert tokens.expires_ns == NOW_NS + 600 * NS


def test_a_jwt_tells_its_own_life() -> None:
    tokens = make_tokens()
    tokens.take(LoginAnswer(make_jwt(NOW_NS // NS + 5000)), NOW_NS)
    assert tokens.expires_ns == NOW_NS + 5000 * NS


@pytest.mark.parametrize("answer", [LoginAnswer("f" * 64), LoginAnswer("x", expires_in=-5), LoginAnswer("x", 1e300)])
def test_a_token_that_tells_no_sensible_life_has_that_of_the_profile(answer: LoginAnswer) -> None:
    tokens = make_tokens()
    tokens.take(answer, NOW_NS)
    assert tokens.expires_ns == NOW_NS + 900 * NS


def test_a_jwt_that_our_clock_calls_expired_is_not_fetched_again_and_again() -> None:
    tokens = make_tokens()
    tokens.take(LoginAnswer(make_jwt(NOW_NS // NS - 3600)), NOW_NS)
    assert not tokens.is_wanting(NOW_NS)


def test_it_is_renewed_a_minute_before_its_end_or_in_the_last_fifth_of_a_short_life() -> None:
    tokens = make_tokens()
    tokens.take(LoginAnswer("x", expires_in=900), NOW_NS)
    assert tokens.renew_ns == NOW_NS + 840 * NS
    tokens.take(LoginAnswer("x", expires_in=100), NOW_NS)
    assert tokens.renew_ns == NOW_NS + 80 * NS
    assert not tokens.is_wanting(NOW_NS + 79 * NS)
    assert tokens.is_wanting(NOW_NS + 80 * NS)


def test_renewals_keep_ten_seconds_between_them_however_short_a_token_lives() -> None:
    tokens = make_tokens()
    tokens.take(LoginAnswer("x", expires_in=0.5), NOW_NS)
    assert tokens.renew_ns == NOW_NS + 10 * NS


def test_a_refresh_token_stays_until_another_comes_or_it_is_refused() -> None:
    tokens = make_tokens()
    tokens.take(LoginAnswer("a", refresh_token="r1"), NOW_NS)
    tokens.take(LoginAnswer("b"), NOW_NS)
    assert tokens.refresh_token == "r1"
    tokens.drop_refresh()
    assert tokens.refresh_token == ""
    assert tokens.token == "b"


def test_a_given_token_is_used_until_its_own_end_and_never_renewed_without_a_login() -> None:
    exp_s = NOW_NS // NS + 1000
    alone = make_tokens(make_jwt(exp_s), has_login=False)
    assert alone.expires_ns == exp_s * NS
    assert alone.renew_ns is None
    assert not alone.is_wanting(exp_s * NS + NS)
    both = make_tokens(make_jwt(exp_s))
    assert not both.is_wanting(NOW_NS)
    assert both.is_wanting(exp_s * NS - 60 * NS)
