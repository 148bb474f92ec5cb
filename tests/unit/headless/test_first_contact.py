"""The first contact decides the exit code; nothing that comes later does."""

import json

import pytest

from helios_desktop.headless.contact import STATUS_WITHIN_S, FirstContact, printable
from helios_desktop.headless.exit_codes import ExitCode
from helios_desktop.observation import (
    Cause,
    ConnectionChange,
    Kind,
    Observation,
    Phase,
    connection_observation,
    tick,
)
from helios_desktop.store.fold import fold
from helios_desktop.store.state import ClusterState

A, B = "a:8080", "b:8080"
START_NS = 1_705_314_600_000_000_000
BODY = {"node_id": "node1", "state": "Leader", "term": 5, "commit_index": 1, "last_applied": 1, "leader": "node1"}
STATUS = json.dumps({"type": "status", "timestamp": "2024-01-15T10:30:00Z", "data": {**BODY, "peers": []}})
PONG = '{"type":"pong","timestamp":"2024-01-15T10:30:00Z"}'
LATENCY = '{"type":"latency","timestamp":"2024-01-15T10:30:00Z","data":{}}'
STOPPED = '{"type":"error","timestamp":"2024-01-15T10:30:00Z","data":{"error":"node1 is\\u001bstopped"}}'


class Play:
    """A monitor's observations, one after the other, and the contact that follows them."""

    def __init__(self, observers: int = 1, *, needs_status: bool = True) -> None:
        self.contact = FirstContact(needs_status=needs_status, observers=observers)
        self._state = ClusterState()
        self._now_ns = START_NS

    def phase(self, phase: Phase, cause: Cause = Cause.NONE, detail: str = "detail", *, of: str = A) -> "Play":
        """Let a session enter a phase."""
        return self._see(connection_observation(of, 1, self._now_ns, ConnectionChange(phase, cause, detail)))

    def frame(self, text: str, *, of: str = A) -> "Play":
        """Let a session receive a frame."""
        return self._see(Observation(of, 1, self._now_ns, Kind.FRAME, text))

    def rest(self, text: str, status: int = 200, *, of: str = A) -> "Play":
        """Let a session be answered by REST when it asks for the status."""
        return self._see(Observation(of, 1, self._now_ns, Kind.REST, text, "GET /admin/cluster/status", status))

    def wait(self, seconds: float) -> "Play":
        """Let time go by."""
        self._now_ns += round(seconds * 1e9)
        return self._see(tick(self._now_ns))

    @property
    def code(self) -> ExitCode | None:
        """How it failed, None where it did not."""
        return None if self.contact.failure is None else self.contact.failure.code

    def _see(self, observation: Observation) -> "Play":
        self._state, events = fold(self._state, observation)
        self.contact.take(self._state, events)
        return self


def test_a_status_makes_contact_and_later_losses_do_not_count() -> None:
    play = Play().phase(Phase.SYNCING).phase(Phase.LIVE).frame(STATUS)
    play.phase(Phase.BACKOFF, Cause.REFUSED).phase(Phase.REJECTED, Cause.NOT_ADMIN)
    assert play.contact.is_made
    assert play.contact.failure is None


@pytest.mark.parametrize(
    ("phase", "cause", "code"),
    [
        (Phase.BACKOFF, Cause.UNKNOWN_HOST, ExitCode.CANNOT_CONNECT),
        (Phase.BACKOFF, Cause.REFUSED, ExitCode.CANNOT_CONNECT),
        (Phase.BACKOFF, Cause.UNREACHABLE, ExitCode.CANNOT_CONNECT),
        (Phase.BACKOFF, Cause.TIMEOUT, ExitCode.CANNOT_CONNECT),
        (Phase.BACKOFF, Cause.SERVER_ERROR, ExitCode.CANNOT_CONNECT),
        (Phase.REJECTED, Cause.TLS, ExitCode.CANNOT_CONNECT),
        (Phase.REJECTED, Cause.NOT_FOUND, ExitCode.CANNOT_CONNECT),
        (Phase.REJECTED, Cause.NOT_HELIOS, ExitCode.CANNOT_CONNECT),
        (Phase.REJECTED, Cause.PLAIN_TEXT, ExitCode.USAGE),
        (Phase.REJECTED, Cause.BAD_CREDENTIALS, ExitCode.CREDENTIALS_REFUSED),
        (Phase.REJECTED, Cause.NOT_ADMIN, ExitCode.NOT_ADMIN),
        (Phase.BACKOFF, Cause.HUB_NOT_RUNNING, ExitCode.NO_STATUS),
    ],
)
def test_each_cause_has_its_code_and_says_where(phase: Phase, cause: Cause, code: ExitCode) -> None:
    play = Play().phase(Phase.CONNECTING).phase(phase, cause)
    assert play.code is code
    assert str(play.contact.failure).startswith(f"{A}: ")


def test_where_it_happened_is_said_once() -> None:
    failure = Play().phase(Phase.BACKOFF, Cause.REFUSED, f"{A}: Connection refused").contact.failure
    assert str(failure).count(A) == 1
    assert "(Connection refused)" in str(failure)


@pytest.mark.parametrize("cause", [Cause.SERVER_CLOSED, Cause.SILENT, Cause.UNREACHABLE])
def test_an_open_socket_that_ends_without_a_status_was_connected(cause: Cause) -> None:
    assert Play().phase(Phase.SYNCING).phase(Phase.BACKOFF, cause).code is ExitCode.NO_STATUS


def test_only_the_first_failure_counts() -> None:
    play = Play().phase(Phase.BACKOFF, Cause.REFUSED).phase(Phase.SYNCING).frame(STATUS)
    assert play.code is ExitCode.CANNOT_CONNECT
    assert not play.contact.is_made


# Without a status


@pytest.mark.parametrize("text", [PONG, STOPPED, "{", LATENCY])
def test_only_a_status_is_a_status(text: str) -> None:
    play = Play().phase(Phase.SYNCING).phase(Phase.LIVE).frame(text).wait(STATUS_WITHIN_S - 1)
    assert not play.contact.is_made
    assert play.contact.failure is None
    assert play.wait(1).code is ExitCode.NO_STATUS


def test_what_the_gateway_said_instead_of_a_status_is_told() -> None:
    contact = Play().phase(Phase.SYNCING).phase(Phase.LIVE).frame(STOPPED).contact
    assert "(the gateway said: node1 is stopped)" in str(contact.lack())
    assert contact.lack().code is ExitCode.NO_STATUS


def test_without_any_socket_there_was_no_connection() -> None:
    assert FirstContact(needs_status=True).lack().code is ExitCode.CANNOT_CONNECT
    assert Play().phase(Phase.AUTHENTICATING, Cause.ASKED).contact.lack().code is ExitCode.CANNOT_CONNECT


def test_before_a_socket_is_open_nobody_waits_for_a_status() -> None:
    assert Play().phase(Phase.CONNECTING).wait(STATUS_WITHIN_S + 1).contact.failure is None


def test_where_no_status_is_asked_for_none_is_needed() -> None:
    play = Play(needs_status=False).phase(Phase.SYNCING)
    assert not play.contact.is_made
    assert play.phase(Phase.LIVE).contact.is_made


def test_raft_that_is_not_enabled_has_its_own_sentence() -> None:
    play = Play().phase(Phase.SYNCING).phase(Phase.LIVE).frame(PONG).wait(7).rest("Raft not enabled\n", 503)
    assert play.contact.failure is None
    assert play.wait(STATUS_WITHIN_S - 7).code is ExitCode.NO_STATUS
    assert "Raft is not enabled there" in str(play.contact.failure)


def test_pings_that_are_answered_without_a_status_have_their_own_sentence() -> None:
    play = Play().phase(Phase.SYNCING).phase(Phase.LIVE).frame(PONG).wait(STATUS_WITHIN_S)
    assert play.code is ExitCode.NO_STATUS
    assert "answers pings but sends no status" in str(play.contact.failure)


# By REST


def test_a_status_by_rest_makes_contact_where_no_socket_is_let_through() -> None:
    play = Play().phase(Phase.POLLING, Cause.SOCKET_BLOCKED)
    assert not play.contact.is_made
    assert play.rest(json.dumps({**BODY, "peers": []})).contact.is_made


def test_polling_without_a_status_was_connected() -> None:
    play = Play().phase(Phase.POLLING, Cause.SOCKET_BLOCKED).rest("Internal error", 500).wait(STATUS_WITHIN_S)
    assert play.code is ExitCode.NO_STATUS


# Several gateways


def test_one_gateway_of_several_is_contact_enough() -> None:
    play = Play(2).phase(Phase.REJECTED, Cause.BAD_CREDENTIALS)
    assert play.contact.failure is None
    assert play.phase(Phase.SYNCING, of=B).frame(STATUS, of=B).contact.is_made


def test_it_fails_when_every_gateway_has_failed_and_names_each_on_its_line() -> None:
    play = Play(2).phase(Phase.CONNECTING).phase(Phase.SYNCING, of=B).phase(Phase.BACKOFF, Cause.SERVER_CLOSED, of=B)
    assert play.contact.failure is None
    head, first, second = str(play.phase(Phase.BACKOFF, Cause.REFUSED).contact.failure).splitlines()
    assert head == "None of 2 gateways gives a status:"
    assert first.startswith(f"  {A}: Nothing listens")
    assert second.startswith(f"  {B}: Connected, but")


@pytest.mark.parametrize(
    ("causes", "code"),
    [
        ((Cause.REFUSED, Cause.NOT_ADMIN), ExitCode.NOT_ADMIN),
        ((Cause.NOT_ADMIN, Cause.BAD_CREDENTIALS), ExitCode.CREDENTIALS_REFUSED),
        ((Cause.HUB_NOT_RUNNING, Cause.BAD_CREDENTIALS), ExitCode.CREDENTIALS_REFUSED),
        ((Cause.REFUSED, Cause.HUB_NOT_RUNNING), ExitCode.NO_STATUS),
        ((Cause.REFUSED, Cause.TIMEOUT), ExitCode.CANNOT_CONNECT),
    ],
)
def test_what_the_user_can_mend_gives_the_code(causes: tuple[Cause, Cause], code: ExitCode) -> None:
    first, second = causes
    assert Play(2).phase(Phase.REJECTED, first).phase(Phase.REJECTED, second, of=B).code is code


def test_a_gateway_that_stays_silent_has_failed_too() -> None:
    play = Play(2).phase(Phase.SYNCING).wait(5).phase(Phase.SYNCING, of=B).wait(STATUS_WITHIN_S - 5)
    assert play.contact.failure is None
    assert play.wait(5).code is ExitCode.NO_STATUS


def test_when_the_time_is_over_each_gateway_says_how_it_stands() -> None:
    play = Play(2).phase(Phase.BACKOFF, Cause.REFUSED).phase(Phase.CONNECTING, of=B)
    said = str(play.contact.lack())
    assert f"{A}: Nothing listens" in said
    assert f"{B}: There was no connection within this time." in said


def test_the_detail_of_a_server_steers_no_terminal() -> None:
    assert printable("a\x1b[31mb\u202ec\n") == "a [31mb c"
