"""How the gateway logs: one line a record, in text or in JSON."""

import json
import logging
import sys
from typing import Any

import pytest

from helios_gateway import logs


def record(message: str, *args: object, **facts: Any) -> logging.LogRecord:
    made = logging.LogRecord("helios_gateway.sockets.hub", logging.WARNING, __file__, 1, message, args, None)
    made.created, made.msecs = 1_800_000_000.25, 250.0
    if facts:
        setattr(made, logs.FACTS, facts)
    return made


def failed() -> logging.LogRecord:
    made = record("a part failed")
    try:
        int("broken on purpose")
    except ValueError:
        made.exc_info = sys.exc_info()
    return made


def test_json_has_the_instant_in_utc_the_level_and_the_facts() -> None:
    line = logs.JsonLines().format(record("%s of %d", "one", 2, status=404, path="/a"))
    assert json.loads(line) == {
        "at": "2027-01-15T08:00:00.250Z",
        "level": "warning",
        "logger": "helios_gateway.sockets.hub",
        "message": "one of 2",
        "status": 404,
        "path": "/a",
    }


def test_a_failure_is_one_line_of_json_with_its_traceback() -> None:
    line = logs.JsonLines().format(failed())
    assert "\n" not in line
    assert "ValueError: invalid literal" in json.loads(line)["exception"]


@pytest.mark.parametrize("form", [logs.TextLines(), logs.JsonLines()], ids=["text", "json"])
def test_nobody_can_write_a_line_of_the_own(form: logging.Formatter) -> None:
    line = form.format(record("who: %s", "x\nhelios-gateway: ERROR: forged\x1b[2J"))
    assert "\n" not in line
    assert "\x1b" not in line


def test_configured_again_there_is_one_handler_of_ours_and_others_stay() -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.configure("info", "text")
        logs.configure("error", "json")
        mine = [handler for handler in root.handlers if handler not in before]
        assert [type(handler.formatter) for handler in mine] == [logs.JsonLines]
        assert root.level == logging.ERROR
        logs.release()
        assert root.handlers == before
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def test_the_faster_loop_is_taken_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    uvloop = pytest.importorskip("uvloop")
    from helios_gateway.service.serve import _loop_factory  # noqa: PLC0415 - after the loop that it needs

    assert _loop_factory() is uvloop.new_event_loop
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert _loop_factory() is None
