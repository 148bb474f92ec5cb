"""Secrets that do not print themselves, and causes put into words."""

import pytest

from helios_desktop.client.causes import explain
from helios_desktop.client.credentials import Credentials
from helios_desktop.observation import Cause


def test_credentials_print_no_secret() -> None:
    text = repr(Credentials("admin", "hunter2", "s3cr3t"))
    assert "admin" in text
    assert "hunter2" not in text
    assert "s3cr3t" not in text


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.NONE])
def test_every_cause_has_a_sentence_that_ends_with_the_detail(cause: Cause) -> None:
    explanation = explain(cause, "node7:8443")
    assert explanation.sentence.endswith("(node7:8443).")
    assert cause is Cause.ASKED or explanation.next_step.endswith(".")


def test_a_cause_without_detail_has_no_brackets() -> None:
    assert explain(Cause.REFUSED, "").sentence == "Nothing listens at that address and port."


def test_no_cause_says_only_the_detail() -> None:
    assert str(explain(Cause.NONE, "hello")) == "hello"
    assert str(explain(Cause.NONE, "")) == ""
