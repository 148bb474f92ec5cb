"""Access tokens, refresh tokens, and what ends a login: by a clock of the test's own."""

import asyncio
import base64
import json
import logging
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, precondition, rule

from helios_desktop.protocol.auth import LoginAnswer
from helios_gateway.accounts.accounts import DEMO_ACCOUNTS, Account, Denied, Role
from helios_gateway.accounts.auth import SKEW_S, Authority, Lives, Standing
from helios_gateway.metrics import Metrics

LIVES = Lives(token_s=10, refresh_s=30, key_s=15)


class Clock:
    """Seconds since the epoch, as the test wants them."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.5

    def __call__(self) -> float:
        """Now."""
        return self.now_s


class Changing:
    """Accounts whose password is their name, and which the test changes."""

    def __init__(self, *names: str) -> None:
        self.accounts = {name: Account(name, Role.ADMIN) for name in names}
        self.reloads = 0
        self.third_reload = asyncio.Event()

    async def verify(self, username: str, password: str) -> Account | Denied:
        """Check a password."""
        return self.accounts[username] if username in self.accounts and username == password else Denied.WRONG

    def find(self, username: str) -> Account | None:
        """The account as it is now."""
        return self.accounts.get(username)

    async def reload(self) -> None:
        """Count it."""
        self.reloads += 1
        if self.reloads == 3:
            self.third_reload.set()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authority(clock: Clock) -> Authority:
    return Authority(DEMO_ACCOUNTS, now_s=clock)


async def log_in(authority: Authority, username: str = "admin", password: str = "admin123") -> LoginAnswer:  # noqa: S107  # the guide's own
    answer = await authority.log_in(username, password)
    assert isinstance(answer, LoginAnswer)
    return answer


def sid_of(answer: LoginAnswer) -> str:
    return str(jwt.decode(answer.token, options={"verify_signature": False})["sid"])


def refreshed(authority: Authority, answer: LoginAnswer) -> LoginAnswer | None:
    assert answer.refresh_token is not None
    return authority.refresh(answer.refresh_token)


async def test_a_token_names_user_login_and_fifteen_minutes(authority: Authority) -> None:
    answer = await log_in(authority)
    claims = jwt.decode(answer.token, options={"verify_signature": False})
    assert set(claims) == {"iss", "aud", "exp", "iat", "nbf", "sub", "jti", "sid"}
    assert claims["sub"] == "admin"
    assert claims["exp"] - claims["iat"] == 900 == answer.expires_in
    grant = authority.check(answer.token)
    assert grant is not None
    assert (grant.username, grant.role, grant.is_admin, grant.sid) == ("admin", Role.ADMIN, True, claims["sid"])


@pytest.mark.parametrize(
    ("username", "password"), [("admin", "admin12"), ("nobody", "admin123"), ("", ""), ("é", "\ud800")]
)
async def test_a_wrong_login_gives_nothing(authority: Authority, username: str, password: str) -> None:
    assert await authority.log_in(username, password) is Denied.WRONG


async def test_the_viewer_is_no_admin(authority: Authority) -> None:
    grant = authority.check((await log_in(authority, "viewer", "viewer123")).token)
    assert grant is not None
    assert (grant.role, grant.is_admin) == (Role.READONLY, False)


async def test_logins_are_counted_by_what_became_of_them(clock: Clock) -> None:
    metrics = Metrics()
    authority = Authority(DEMO_ACCOUNTS, now_s=clock, metrics=metrics)
    await log_in(authority)
    await authority.log_in("admin", "x")
    answer = await log_in(authority)
    refreshed(authority, answer)
    refreshed(authority, answer)
    assert metrics.logins == {"ok": 2, "wrong": 1, "reused": 1}


async def test_a_token_ends_and_its_login_with_it(authority: Authority, clock: Clock) -> None:
    answer = await log_in(authority)
    grant = authority.check(answer.token)
    assert grant is not None
    clock.now_s += 899
    assert authority.check(answer.token) == grant
    assert authority.standing(grant.sid) is Standing.ALIVE
    clock.now_s += 1
    assert authority.check(answer.token) is None
    assert authority.standing(grant.sid) is Standing.EXPIRED


async def test_a_refresh_keeps_the_login_and_works_once(authority: Authority, clock: Clock) -> None:
    first = await log_in(authority)
    before = authority.check(first.token)
    clock.now_s += 800
    second = refreshed(authority, first)
    assert second is not None
    clock.now_s += 200
    after = authority.check(second.token)
    assert after == before
    assert after is not None
    assert authority.standing(after.sid) is Standing.ALIVE
    assert authority.check(first.token) is None
    assert refreshed(authority, first) is None


async def test_a_refresh_token_that_is_used_twice_ends_the_whole_login(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[Any] = []
    authority.listen(ended.append)
    first, other = await log_in(authority), await log_in(authority)
    second = refreshed(authority, first)
    assert second is not None
    third = refreshed(authority, second)
    assert third is not None
    assert refreshed(authority, first) is None
    assert ended == [{sid_of(first)}]
    assert [authority.check(answer.token) for answer in (first, second, third)] == [None] * 3
    assert refreshed(authority, third) is None
    assert authority.standing(sid_of(first)) is Standing.REVOKED
    assert authority.check(other.token) is not None
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.WARNING,
        f"a refresh token of admin was used twice: its login {sid_of(first)[:8]} is ended",
    )


async def test_a_forged_or_cut_refresh_token_ends_nothing(authority: Authority) -> None:
    answer = await log_in(authority)
    token = answer.refresh_token
    assert token is not None
    sid, number, proof = token.split(".")
    for forged in (
        "",
        ".",
        "..",
        sid,
        f"{sid}.{number}",
        f"{sid}.{number}.",
        token[:-1],
        f"{token}.",
        f"{sid}.1.{proof}",
        f"{sid}.00.{proof}",
        f"{sid}.².{proof}",
        f"{sid}.{'9' * 5000}.{proof}",
        f"{sid}.{number}.{proof[:-1]}\ud800",
    ):
        assert authority.refresh(forged) is None, forged
    assert authority.check(answer.token) is not None
    assert authority.refresh(token) is not None


async def test_a_refresh_token_ends_too(authority: Authority, clock: Clock) -> None:
    answer = await log_in(authority)
    clock.now_s += 12 * 3600
    assert refreshed(authority, answer) is None
    await log_in(authority)
    assert authority.check(answer.token) is None


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "é",
        "\udcff.x.y",
        "eyJhbGciOiJub25lIn0.e30.",
        f"{encoded(b'[' * 1400)}.e30.x",
        f"{encoded(b'{}')}.e30.x",
        f"{encoded([])}.e30.x",
        f"{encoded({'alg': 'HS256', 'kid': 7})}.e30.x",
        f"{encoded({'alg': 'HS256', 'kid': ['a']})}.e30.x",
        f"{encoded({'alg': 'HS256'})}.e30.x",
        "x" * 1_000_000,
    ],
    ids=range(13),
)
def test_what_is_no_token_of_ours_is_refused(authority: Authority, token: str) -> None:
    assert authority.check(token) is None


async def test_a_token_of_another_gateway_is_refused(authority: Authority, clock: Clock) -> None:
    other = await log_in(Authority(DEMO_ACCOUNTS, now_s=clock))
    assert authority.check(other.token) is None


@pytest.mark.parametrize("cut", ["header", "claims", "signature", "end", "swapped"])
async def test_a_token_that_was_cut_or_put_together_is_refused(authority: Authority, cut: str) -> None:
    token = (await log_in(authority)).token
    header, claims, signature = token.split(".")
    other_claims = (await log_in(authority, "viewer", "viewer123")).token.split(".")[1]
    assert authority.check(token) is not None
    forged = {
        "header": f".{claims}.{signature}",
        "claims": f"{header}..{signature}",
        "signature": f"{header}.{claims}.",
        "end": token[:-1],
        "swapped": f"{header}.{other_claims}.{signature}",
    }
    assert authority.check(forged[cut]) is None


@pytest.mark.parametrize("algorithm", ["none", "None", "HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256"])
async def test_no_other_algorithm_is_believed(authority: Authority, algorithm: str) -> None:
    token = (await log_in(authority)).token
    key = authority._keys.signing()
    _, claims, signature = token.split(".")
    header = encoded({"alg": algorithm, "typ": "JWT", "kid": key.kid})
    for signed in ("", signature):
        assert authority.check(f"{header}.{claims}.{signed}") is None
    if algorithm in {"HS384", "HS512"}:
        told = jwt.decode(token, options={"verify_signature": False})
        # Even by the right key.
        signed = jwt.encode(told, key.secret + bytes(32), algorithm, headers={"kid": key.kid})
        assert authority.check(signed) is None


def forged(authority: Authority, token: str, changes: dict[str, Any], kid: str | None = None) -> str:
    """A token with other claims (None: without), signed by the gateway's own key."""
    key = authority._keys.signing()
    claims = jwt.decode(token, options={"verify_signature": False}) | changes
    return jwt.encode(
        {name: claim for name, claim in claims.items() if claim is not None},
        key.secret,
        "HS256",
        headers={"kid": key.kid if kid is None else kid},
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": None},
        {"iat": None},
        {"nbf": None},
        {"sid": None},
        {"sub": None},
        {"sub": "viewer"},
        {"sid": "0" * 32},
        {"exp": "9999999999"},
        {"exp": 1e300},
        {"iat": []},
        {"iat": 1_800_000_006},
        {"nbf": 1_800_000_006},
        {"more": "x" * 2048},
    ],
    ids=lambda changes: str(changes)[:30],
)
async def test_each_claim_is_looked_at(authority: Authority, changes: dict[str, Any]) -> None:
    token = (await log_in(authority)).token
    assert authority.check(forged(authority, token, {})) is not None
    assert authority.check(forged(authority, token, changes)) is None


async def test_a_token_of_an_unknown_key_is_refused(authority: Authority) -> None:
    token = (await log_in(authority)).token
    assert authority.check(forged(authority, token, {}, kid="0" * 16)) is None


async def test_a_clock_that_goes_back_is_borne_for_five_seconds(authority: Authority, clock: Clock) -> None:
    answer = await log_in(authority)
    clock.now_s -= SKEW_S
    assert authority.check(answer.token) is not None
    clock.now_s -= 1
    assert authority.check(answer.token) is None


async def test_keys_rotate_and_the_old_one_holds_for_its_tokens_life(clock: Clock) -> None:
    authority = Authority(DEMO_ACCOUNTS, now_s=clock, lives=LIVES)
    clock.now_s += 14.4
    old = await log_in(authority)
    clock.now_s += 1
    new = await log_in(authority)
    kids = [jwt.get_unverified_header(answer.token)["kid"] for answer in (old, new)]
    assert kids[0] != kids[1]
    clock.now_s += 8
    assert authority.check(old.token) is not None
    renewed = refreshed(authority, new)
    assert renewed is not None
    clock.now_s += 1.6
    # Both the token and its key are over, the key for tokens of any end.
    assert authority._keys.find(kids[0]) is None
    assert authority._keys.find(kids[1]) is not None
    assert jwt.get_unverified_header(renewed.token)["kid"] == kids[1]
    assert authority.check(renewed.token) is not None


async def test_old_keys_do_not_pile_up(clock: Clock) -> None:
    authority = Authority(DEMO_ACCOUNTS, now_s=clock, lives=LIVES)
    for _ in range(50):
        clock.now_s += 20
        await log_in(authority)
    assert len(authority._keys._keys) <= 2


async def test_a_logout_ends_its_login_only(authority: Authority) -> None:
    one, other = await log_in(authority), await log_in(authority)
    authority.log_out(sid_of(one))
    assert authority.check(one.token) is None
    assert refreshed(authority, one) is None
    assert authority.standing(sid_of(one)) is Standing.REVOKED
    assert authority.check(other.token) is not None


async def test_the_logins_of_a_user_or_all_are_ended_and_told_at_once(authority: Authority) -> None:
    ended: list[Any] = []
    authority.listen(ended.append)
    admins = [await log_in(authority) for _ in range(2)]
    viewer = await log_in(authority, "viewer", "viewer123")
    assert authority.revoke_user("admin") == 2
    assert authority.revoke_user("admin") == 0
    assert authority.check(viewer.token) is not None
    assert authority.revoke_all() == 1
    assert ended == [{sid_of(answer) for answer in admins}, {sid_of(viewer)}]


@pytest.mark.parametrize(
    "now",
    [None, Account("ada", Role.USER), Account("ada", Role.ADMIN, revision=1)],
    ids=["disabled", "another role", "another password"],
)
async def test_a_changed_account_ends_its_logins(clock: Clock, now: Account | None) -> None:
    accounts = Changing("ada", "bob")
    authority = Authority(accounts, now_s=clock)
    ada, also_ada, bob = [await log_in(authority, name, name) for name in ("ada", "ada", "bob")]
    ended: list[Any] = []
    authority.listen(ended.append)
    if now is None:
        del accounts.accounts["ada"]
    else:
        accounts.accounts["ada"] = now
    # A refresh does not wait for the review.
    assert refreshed(authority, ada) is None
    assert ended == [{sid_of(ada)}]
    await authority.review()
    assert accounts.reloads == 1
    assert ended == [{sid_of(ada)}, {sid_of(also_ada)}]
    assert authority.check(bob.token) is not None


async def test_reviews_come_by_themselves(clock: Clock) -> None:
    accounts = Changing("ada")
    running = asyncio.create_task(Authority(accounts, now_s=clock).run(0.001))
    async with asyncio.timeout(20):
        await accounts.third_reload.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()


async def test_logins_are_bounded_and_who_has_most_loses_the_oldest(clock: Clock) -> None:
    authority = Authority(Changing("ada", "eve"), now_s=clock, most_logins=10)
    ada = await log_in(authority, "ada", "ada")
    first, second, *_ = [await log_in(authority, "eve", "eve") for _ in range(9)]
    renewed = refreshed(authority, first)
    assert renewed is not None
    await log_in(authority, "eve", "eve")
    assert authority.check(second.token) is None
    assert authority.check(renewed.token) is not None
    for _ in range(50):
        await log_in(authority, "eve", "eve")
    assert authority.check(ada.token) is not None
    assert len(authority._logins) == 10


async def test_logins_that_are_over_are_forgotten_and_make_room_first(clock: Clock) -> None:
    authority = Authority(Changing("ada"), now_s=clock, lives=LIVES, most_logins=3)
    for _ in range(3):
        await log_in(authority, "ada", "ada")
    clock.now_s += LIVES.refresh_s + 61
    live = [await log_in(authority, "ada", "ada") for _ in range(3)]
    assert all(authority.check(answer.token) for answer in live)
    clock.now_s += LIVES.refresh_s + 61
    await authority.review()
    assert not authority._logins


async def test_no_repr_shows_a_secret(authority: Authority) -> None:
    assert "admin123" not in repr(DEMO_ACCOUNTS)
    answer = await log_in(authority)
    assert answer.token not in repr(answer)
    assert str(authority._keys.signing().secret) not in repr(authority._keys.signing())


@dataclass(eq=False)
class Known:
    """What the simple model knows of a login."""

    user: str
    sid: str
    tokens: list[tuple[str, float]] = field(default_factory=list)
    good_refresh: str = ""
    refresh_until_s: float = 0.0
    is_ended: bool = False

    def take(self, answer: LoginAnswer, now_s: float) -> str:
        """Note what it was given; the refresh token."""
        assert answer.refresh_token is not None
        self.tokens.append((answer.token, int(now_s) + LIVES.token_s))
        self.good_refresh = answer.refresh_token
        self.refresh_until_s = now_s + LIVES.refresh_s
        return self.good_refresh


class Sequences(RuleBasedStateMachine):
    """Any order of logins, refreshes (also of used tokens), ends and time, against the model."""

    refreshes: Bundle[tuple[Known, str]] = Bundle("refreshes")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.accounts = Changing("ada", "bob")
        self.authority = Authority(self.accounts, now_s=self.clock, lives=LIVES)
        self.known: list[Known] = []
        self.told: list[str] = []
        self.authority.listen(self.told.extend)
        self.runner = asyncio.Runner()

    def teardown(self) -> None:
        """End the loop."""
        self.runner.close()

    @rule(target=refreshes, user=st.sampled_from(["ada", "bob"]))
    def log_in(self, user: str) -> tuple[Known, str]:
        """Give the model a new login."""
        answer = self.runner.run(log_in(self.authority, user, user))
        login = Known(user, sid_of(answer))
        self.known.append(login)
        return login, login.take(answer, self.clock.now_s)

    @rule(target=refreshes, one=refreshes)
    def refresh(self, one: tuple[Known, str]) -> Any:
        """Only the newest one is good, and only in its time; an older one ends the login."""
        login, token = one
        answer = self.authority.refresh(token)
        is_over = login.is_ended or login.refresh_until_s <= self.clock.now_s
        if login.good_refresh == token and not is_over:
            assert answer is not None
            assert sid_of(answer) == login.sid
            return login, login.take(answer, self.clock.now_s)
        assert answer is None
        if login.good_refresh != token:
            login.is_ended = True
        return multiple()

    @rule(one=refreshes)
    def log_out(self, one: tuple[Known, str]) -> None:
        """End one."""
        self.authority.log_out(one[0].sid)
        one[0].is_ended = True

    @rule(user=st.sampled_from(["ada", "bob"]))
    def change_account(self, user: str) -> None:
        """End those of a user whose account was changed."""
        account = self.accounts.accounts[user]
        self.accounts.accounts[user] = Account(user, account.role, account.revision + 1)
        self.runner.run(self.authority.review())
        self._end(user)

    @rule(user=st.sampled_from(["ada", "bob"]))
    def revoke_user(self, user: str) -> None:
        """End those of a user."""
        self.authority.revoke_user(user)
        self._end(user)

    @precondition(lambda self: len(self.known) > 3)
    @rule()
    def revoke_all(self) -> None:
        """End all."""
        self.authority.revoke_all()
        self._end("ada")
        self._end("bob")

    @rule(seconds=st.floats(0, 40))
    def wait(self, seconds: float) -> None:
        """Let time go by; what is over may be forgotten then."""
        self.clock.now_s += seconds
        self.runner.run(self.authority.review())

    @invariant()
    def each_token_is_worth_what_the_model_says(self) -> None:
        """The same tokens hold, the same logins live, and each end was told once."""
        now_s = self.clock.now_s
        for login in self.known:
            for token, until_s in login.tokens:
                assert (self.authority.check(token) is not None) == (not login.is_ended and until_s > now_s)
            standing = self.authority.standing(login.sid)
            if login.is_ended:
                assert standing is Standing.REVOKED
            elif login.tokens[-1][1] > now_s:
                assert standing is Standing.ALIVE
            elif max(login.tokens[-1][1], login.refresh_until_s) + 60 > now_s:
                assert standing is Standing.EXPIRED
        assert len(self.told) == len(set(self.told))
        assert set(self.told) <= {login.sid for login in self.known if login.is_ended}

    def _end(self, user: str) -> None:
        for login in self.known:
            login.is_ended = login.is_ended or login.user == user


TestSequences = Sequences.TestCase
TestSequences.settings = settings(stateful_step_count=40)
