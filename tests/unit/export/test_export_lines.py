"""The three line formats: JSON Lines, CSV that no spreadsheet executes, the guide's log."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.event import Event, TermChange
from helios_desktop.export.lines import CSV_COLUMNS, Format, csv_head, csv_line, event_line, json_line, log_line
from helios_desktop.observation import Kind, Observation, tick
from helios_desktop.protocol.messages import ServerError

EventsOf = Callable[..., list[Event]]


def row_of(line: str) -> dict[str, str]:
    (row,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    return dict(zip(CSV_COLUMNS, row, strict=True))


def test_the_log_has_the_event_line_the_guides_go_logger(events_of: EventsOf) -> None:
    frame = {"type": "error", "timestamp": "2024-01-15T10:30:00Z", "data": {"error": "a<b & c>d\u2028"}}
    (event,) = events_of(frame)
    assert log_line(event, UTC) == (
        '2024/01/15 10:30:00 {"data":{"error":"a\\u003cb \\u0026 c\\u003ed\\u2028"},'
        '"timestamp":"2024-01-15T10:30:00Z","type":"error"}\n'
    )


def test_the_log_writes_whole_numbers_as_go_does(events_of: EventsOf) -> None:
    (event,) = events_of({"type": "pong"})
    text = '{"type":"x","data":{"a":1.0,"b":-2.50,"c":1e3,"d":18446744073709551615,"e":1e300}}'
    event = msgspec.structs.replace(event, observation=Observation("o", 1, 5, Kind.FRAME, text))
    line = log_line(event, UTC)
    assert '"a":1,"b":-2.5,"c":1000,"d":18446744073709551615,"e":1e' in line


def test_the_log_is_in_the_chosen_zone_with_its_summer_time() -> None:
    zone = ZoneInfo("Europe/Berlin")
    summer = Event("term_change", 1_720_000_000 * 10**9, "", "o", "", TermChange(1, 2), tick(0))
    winter = Event("term_change", 1_705_314_600 * 10**9, "", "o", "", TermChange(1, 2), tick(0))
    assert log_line(summer, zone).startswith("2024/07/03 11:46:40 ")
    assert log_line(winter, zone).startswith("2024/01/15 11:30:00 ")
    assert row_of(csv_line(summer, zone))["received_at"] == "2024-07-03T11:46:40.000000000+02:00"
    assert row_of(csv_line(summer, UTC))["received_at"] == "2024-07-03T09:46:40.000000000Z"


def test_the_log_marks_what_no_server_sent() -> None:
    told = tick(5)
    event = Event("term_change", 5, "", "o", "", TermChange(1, 2), told, (told,))
    message = json.loads(log_line(event, UTC)[len("1970/01/01 00:00:00 ") :])
    assert message["derived"] is True
    assert message["data"] == {"old_term": 1, "new_term": 2}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_of_a_table_begins_a_formula(start: str) -> None:
    hostile = f"{start}1+cmd|'/C calc'!A0"
    body = ServerError(hostile)
    event = Event(hostile, 5, hostile, hostile, hostile, body, Observation("o", 1, 5, Kind.FRAME, "x"))
    row = row_of(csv_line(event, UTC))
    assert {row[key] for key in ("timestamp", "observer", "node", "type")} == {f"'{hostile}"}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row.values())


@given(st.text())
def test_any_text_survives_a_table(text: str) -> None:
    text = text.replace("\x00", "")
    event = Event("error", 5, "", text, "", ServerError(text), Observation("o", 1, 5, Kind.FRAME, "x"))
    row = row_of(csv_line(event, UTC))
    assert row["observer"].removeprefix("'") == text.removeprefix("'")
    assert json.loads(row["data"]) == {"error": text}


def test_a_table_has_one_row_of_names_and_ends_its_lines_as_rfc_4180_has_it(events_of: EventsOf) -> None:
    assert csv_head() == ",".join(CSV_COLUMNS) + "\r\n"
    (event,) = events_of({"type": "pong"})
    assert event_line(event, Format.CSV, UTC).endswith("\r\n")


def test_json_lines_are_one_line_each(events_of: EventsOf) -> None:
    (event,) = events_of({"type": "error", "data": {"error": "two\nlines → here"}})
    line = event_line(event, Format.EVENTS, UTC)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert json.loads(line)["data"] == {"error": "two\nlines → here"}


def test_an_output_without_unicode_gets_the_same_json_in_ascii() -> None:
    line = json_line({"a": "→😀"}, is_ascii=True)
    assert line.isascii()
    assert json.loads(line) == {"a": "→😀"}
