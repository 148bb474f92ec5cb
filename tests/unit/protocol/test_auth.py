"""Login shapes, and that nothing prints a secret."""

import jwt
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.protocol.auth import LoginAnswer, LoginRequest, RefreshRequest, token_expiry_s
from helios_desktop.protocol.codec import decode_as, encode

KEY = "k" * 32


def test_a_jwts_expiry_is_read() -> None:
    assert token_expiry_s(jwt.encode({"exp": 1_800_000_000, "sub": "admin"}, KEY, "HS256")) == 1_800_000_000


def test_an_opaque_token_tells_no_expiry() -> None:
    assert token_expiry_s("393da6a811605dacee3d71d4bac51661c32a3e66bc372c245d506efde13ac42c") is None
    assert token_expiry_s(jwt.encode({"sub": "admin"}, KEY, "HS256")) is None


@given(st.text(max_size=40))
def test_no_token_raises(text: str) -> None:
    for token in (text, f"{text}.{text}.{text}"):
        expiry = token_expiry_s(token)
        assert expiry is None or isinstance(expiry, float)


def test_both_gateways_answers_are_read() -> None:
    real = '{"token":"393d","user_id":"108a"}\n'
    ours = '{"token":"a.b.c","expires_in":900,"refresh_token":"r"}'
    assert decode_as(LoginAnswer, real) == LoginAnswer("393d", user_id="108a")
    assert decode_as(LoginAnswer, ours) == LoginAnswer("a.b.c", 900, "r")


def test_nothing_prints_a_secret() -> None:
    shown = repr(
        [LoginRequest("admin", "s3cret"), RefreshRequest("s3cret"), LoginAnswer("s3cret", 900, "s3cret", "admin")]
    )
    assert "s3cret" not in shown
    assert b"s3cret" in encode(LoginRequest("admin", "s3cret"))
