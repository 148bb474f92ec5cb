"""docs/events.md and the code say the same."""

from pathlib import Path

import pytest

from helios_desktop.event import SEVERITIES, Severity

ROWS = [
    row.split("|")
    for row in (Path(__file__).parents[3] / "docs" / "events.md").read_text().splitlines()
    if row.startswith("| `")
]


@pytest.mark.parametrize(("event_type", "severity"), SEVERITIES.items())
def test_each_type_stands_there_once_with_its_severity(event_type: str, severity: Severity) -> None:
    rows = [row for row in ROWS if f"`{event_type}`" in row[1] and len(row) > 4]
    assert [row[2].strip() for row in rows] == [severity.name.lower()]
