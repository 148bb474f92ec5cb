"""The first connection decides the exit code; nothing that comes later does."""

import pytest

from helios_desktop.event import ConnectionEvent, Event
from helios_desktop.headless.contact import FirstContact, printable
from helios_desktop.headless.exit_codes import ExitCode
from helios_desktop.observation import Cause, Kind, Observation, Phase, tick
from helios_desktop.protocol.messages import Body, Latency, Malformed, Pong, ServerError, Status

Step = tuple[Phase, Cause] | Body


def play(*steps: Step, needs_status: bool = True) -> FirstContact:
    contact = FirstContact(needs_status=needs_status)
    for step in steps:
        if isinstance(step, tuple):
            change = ConnectionEvent(step[0], step[1], "detail", 0, None)
            contact.take([Event("connection", 1, "", "gw:8080", "", change, tick(1))])
        else:
            seen = Observation("gw:8080", 1, 1, Kind.FRAME, "{}")
            contact.take([Event("message", 1, "", "gw:8080", "", step, seen)])
    return contact


OPEN = (Phase.SYNCING, Cause.NONE)
LIVE = (Phase.LIVE, Cause.NONE)
STATUS = Status("node1")


def test_a_status_makes_contact_and_later_losses_do_not_count() -> None:
    contact = play(OPEN, LIVE, STATUS, (Phase.BACKOFF, Cause.REFUSED), (Phase.REJECTED, Cause.NOT_ADMIN))
    assert contact.is_made
    assert contact.failure is None


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
    ],
)
def test_each_cause_has_its_code_and_says_where(phase: Phase, cause: Cause, code: ExitCode) -> None:
    failure = play((Phase.CONNECTING, Cause.NONE), (phase, cause)).failure
    assert failure is not None
    assert failure.code is code
    assert str(failure).startswith("gw:8080: ")


def test_where_it_happened_is_said_once() -> None:
    change = ConnectionEvent(Phase.BACKOFF, Cause.REFUSED, "gw:8080: Connection refused", 1, None)
    contact = FirstContact(needs_status=True)
    contact.take([Event("connection", 1, "", "gw:8080", "", change, tick(1))])
    assert str(contact.failure).count("gw:8080") == 1
    assert "(Connection refused)" in str(contact.failure)


@pytest.mark.parametrize("cause", [Cause.SERVER_CLOSED, Cause.SILENT, Cause.UNREACHABLE])
def test_an_open_socket_that_ends_without_a_status_was_connected(cause: Cause) -> None:
    failure = play(OPEN, (Phase.BACKOFF, cause)).failure
    assert failure is not None
    assert failure.code is ExitCode.NO_STATUS


def test_only_the_first_failure_counts() -> None:
    contact = play((Phase.BACKOFF, Cause.REFUSED), OPEN, STATUS)
    assert contact.failure is not None
    assert not contact.is_made


@pytest.mark.parametrize("body", [Pong(), ServerError("node1 is stopped"), Malformed("bad", "x"), Latency({})])
def test_only_a_status_is_a_status(body: Body) -> None:
    contact = play(OPEN, LIVE, body)
    assert not contact.is_made
    assert contact.lack().code is ExitCode.NO_STATUS


def test_what_the_gateway_said_instead_of_a_status_is_told() -> None:
    assert "(the gateway said: node1 is stopped)" in str(play(LIVE, ServerError("node1 is\x1bstopped")).lack())


def test_without_any_socket_there_was_no_connection() -> None:
    assert play((Phase.AUTHENTICATING, Cause.ASKED)).lack().code is ExitCode.CANNOT_CONNECT


def test_where_no_status_is_asked_for_none_is_needed() -> None:
    assert play(OPEN, LIVE, needs_status=False).is_made
    assert not play(OPEN, needs_status=False).is_made


def test_the_detail_of_a_server_steers_no_terminal() -> None:
    assert printable("a\x1b[31mb\u202ec\n") == "a [31mb c"
