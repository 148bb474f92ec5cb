"""What is refused: counted each time, logged at most once a second of a kind; what a client is told, as seldom."""

import logging

import pytest

from helios_gateway.admission.conduct import Conduct
from helios_gateway.admission.limits import Limits
from helios_gateway.admission.refusals import Refusals
from helios_gateway.metrics import Metrics


class Clock:
    """Seconds, as the test wants them."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.now_s


def test_each_is_counted_and_one_line_a_second_of_a_kind_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    clock, metrics = Clock(), Metrics()
    refusals = Refusals(metrics, clock)
    for tenth in range(31):
        clock.now_s = 100.0 + tenth / 10 + 1e-6
        refusals.refused("origin", f"192.0.2.{tenth}", "no")
        refusals.abused("malformed", "admin", "no")
        refusals.login_refused("limited", "192.0.2.1", "no")
    assert (metrics.refused["origin"], metrics.abused["malformed"], metrics.logins["limited"]) == (31, 31, 31)
    lines = [line for line in caplog.messages if "192.0.2.1:" not in line and "admin" not in line]
    assert lines == [
        "192.0.2.0: no",
        "192.0.2.10: no; 9 more like it since the last such line",
        "192.0.2.20: no; 9 more like it since the last such line",
        "192.0.2.30: no; 9 more like it since the last such line",
    ]
    assert len(caplog.messages) == 12


def test_a_token_that_is_over_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    refusals = Refusals(Metrics(), Clock())
    refusals.refused("token", "192.0.2.1", "no")
    refusals.refused("role", "192.0.2.1", "no")
    assert [record.levelno for record in caplog.records] == [logging.INFO, logging.WARNING]


def test_a_client_that_floods_is_told_once_a_second_until_it_is_ended() -> None:
    clock = Clock()
    limits = Limits(messages_per_s=1.0, messages_burst=10)
    conduct = Conduct(limits, Refusals(Metrics(), clock), "admin", clock)
    assert [conduct.message() for _ in range(10)] == [None] * 10
    told = []
    for _ in range(3):
        for _ in range(4):
            excess = conduct.message()
            assert excess is not None
            assert not excess.is_last
            told.append(excess.sentence)
        clock.now_s += 1.0
    assert [bool(sentence) for sentence in told] == [True, False, False, False] * 3
    last = [conduct.message() for _ in range(2)]
    assert [excess is not None and excess.is_last for excess in last] == [False, True]


def test_a_client_that_slows_down_is_followed_again() -> None:
    clock = Clock()
    conduct = Conduct(Limits(subscribes_per_s=2.0, subscribes_burst=2), Refusals(Metrics(), clock), "admin", clock)
    assert [conduct.subscription() is None for _ in range(4)] == [True, True, False, False]
    clock.now_s += 1.0
    assert conduct.subscription() is not None
    clock.now_s += 1.0
    assert conduct.subscription() is None
