"""The incident report, read as a browser reads it: what it says of recordings of captures and of played scenes."""

import re
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter, PatternError
from helios_desktop.export.replacement import ExportCancelled, ExportError
from helios_desktop.export.report import write_report
from helios_desktop.export.report_events import MOST_EVENTS, MOST_RAW
from helios_desktop.journal.note import Note
from helios_desktop.journal.recording import RecordingError
from helios_desktop.observation import Cause, Phase
from tests.unit.export.reported import Element, record, record_with_a_hole, report, section, sentences, write_note
from tests.unit.store.scene import NS, START_S, THREE, Scene, captured, latency, peer, three_live

SECTIONS = [
    "What happened",
    "Who led",
    "How fast it answered",
    "Events and what they rest on",
    "What is missing",
    "How good the data is",
    "Bookmarks and notes",
    "How to read this",
]


def verdicts(page: Element) -> dict[str, str]:
    """Each verdict's words by its heading."""
    return {one.one("h2").text: one.one("p", class_="text").text for one in page.all("section", class_="verdict")}


def rows(part: Element, caption: str) -> list[list[str]]:
    """The cells of a table's body."""
    table = next(one for one in part.all("table") if one.one("caption").text.startswith(caption))
    body = table.all("tbody")[0]
    return [[cell.text for cell in row.all() if cell.tag in ("td", "th")] for row in body.all("tr")]


def led(page: Element) -> list[list[str]]:
    """The table beside the lanes."""
    return rows(section(page, "Who led"), "Who led when")


def play_seconds(scene: Scene, seconds: int, leader: str = "node1", term: int = 1, but: tuple[str, ...] = ()) -> None:
    """Let a cluster work: a status of each and a latency of the leader a second."""
    for _second in range(seconds):
        commit = 100 + (scene.now_ns - START_S * NS) // NS
        scene.beat(leader, term, commit, but=but)
        if leader not in but:
            scene.frame(leader, "latency", latency(*(peer(other) for other in THREE if other != leader)))
        scene.wait(1)


@pytest.fixture(scope="module")
def stopped(captures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of the capture in which the leader of a real cluster is stopped."""
    seen = captured(captures / "leader_stopped_election_upstream_wiring.jsonl")
    return record(tmp_path_factory.mktemp("stopped") / "stopped.helios", seen)


def test_the_report_has_all_its_parts_in_their_order(stopped: Path) -> None:
    page = report(stopped)
    assert [h2.text for h2 in page.all("h2")][2:] == SECTIONS
    assert [h1.text for h1 in page.all("h1")] == ["prod-eu PROD"]
    assert page.one("head").one("title").text == "Incident report of prod-eu, 2027-01-15 08:00:00.068 UTC"
    head = page.one("header").text
    assert "2027-01-15 08:00:00.068 UTC to 2027-01-15 08:00:36.742 UTC (36.6 s)" in head.replace(
        "All times", "All times"
    )
    assert "All times are in the zone UTC." in head
    assert re.search(r"Written by Helios Desktop \d+\.\d+\.\d+ on 20\d\d-", head)


def test_a_stopped_leader_is_told_as_somebody_on_call_would(stopped: Path) -> None:
    page = report(stopped)
    assert sentences(page) == [
        "08:00:00.200 node-1 is found to lead term 2.",
        "08:00:06.202 The connection to node-1:8443 was lost: server closed.",
        (
            "08:00:06.202 node-1 stopped leading term 2 (its gateway refuses connections) and is out of reach; "
            "no leader for 540 ms; 08:00:06.742 node-2 leads term 3."
        ),
        "08:00:26.743 node-1 is in reach again, after 20.5 s.",
    ]
    assert verdicts(page) == {
        "At the end of the range": "●Well: 3 of 3 healthy: can lose 1",
        "The worst within it": "✕Problem: No leader",
    }
    assert "There is a quorum, and 1 member more may be lost." in page.one("header").text
    assert "For 540 ms, from 08:00:06.202 to 08:00:06.742." in page.one("header").text
    assert led(page) == [
        ["node-1", "2", "08:00:00.200", "08:00:06.202", "6.0 s"],
        ["nobody", "—", "08:00:06.202", "08:00:06.742", "540 ms"],
        ["node-2", "3", "08:00:06.742", "08:00:36.742", "30.0 s"],
    ]


def test_each_figure_is_told_in_words_and_each_table_has_heads(stopped: Path) -> None:
    page = report(stopped)
    figures = [svg for svg in page.all("svg") if svg.attributes.get("role") == "img"]
    assert len(figures) == 5  # lanes, three peers, commit rate
    ids = {one.attributes["id"] for one in page.all() if "id" in one.attributes}
    for svg in figures:
        title, desc = svg.attributes["aria-labelledby"].split()
        assert {title, desc} <= ids
        assert svg.one("title", id=title).text
        assert svg.one("desc", id=desc).text
    for svg in page.all("svg"):
        told = svg.attributes.get("role") == "img" or svg.attributes.get("aria-hidden") == "true"
        assert told or svg.attributes.get("preserveaspectratio") or _is_in_legend(page, svg)
    assert len(ids) == len([one for one in page.all() if "id" in one.attributes])
    for table in page.all("table"):
        assert table.one("caption").text
        assert all(th.attributes.get("scope") in ("col", "row") for th in table.all("th"))
    for figure in page.all("figure"):
        assert figure.one("figcaption").text


def _is_in_legend(page: Element, svg: Element) -> bool:
    return any(svg in legend.all("svg") for legend in page.all("ul", class_="legend", **{"aria-hidden": "true"}))


def test_nothing_in_the_file_needs_another_or_runs(stopped: Path) -> None:
    page = report(stopped)
    tags = {one.tag for one in page.all()}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use"}
    for one in page.all():
        assert not [name for name in one.attributes if name.startswith("on")]
        for name in ("href", "src", "xlink:href", "action"):
            assert one.attributes.get(name, "#").startswith("#")
    style = page.one("style").text
    assert "@import" not in style
    assert set(re.findall(r"url\(([^)]*)\)", style)) == {"#dots", "#crosses", "#hatch", "#lattice"}
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_a_lane_has_the_roles_that_its_node_had(stopped: Path) -> None:
    lanes = section(report(stopped), "Who led").one("svg", class_="lanes")
    titles = [bar.one("title").text for bar in lanes.all("rect", class_="bar")]
    assert "node-1 leads term 2, 08:00:00.200 to 08:00:06.202, 6.0 s" in titles
    assert "no leader, 08:00:06.202 to 08:00:06.742, 540 ms" in titles
    assert "out of reach, 08:00:06.202 to 08:00:26.743, 20.5 s" in titles
    assert "not heard, 08:00:26.743 to 08:00:36.742, 9.9 s" in titles
    assert [text.text for text in lanes.all("text", class_="name")] == ["Cluster", "node-1", "node-2", "node-3"]
    assert lanes.one("text", class_="length").text == "540 ms"
    assert len(lanes.all("rect", class_="leaderless")) == 1


def test_latencies_are_drawn_by_peer_with_their_amounts(stopped: Path) -> None:
    charts = section(report(stopped), "How fast it answered").all("svg", class_="chart")
    assert [chart.one("title").text for chart in charts] == ["node-1", "node-2", "node-3", "Commit rate"]
    for chart in charts[:3]:
        assert [path.attributes["class"] for path in chart.all("path")] == ["curve p99", "curve p50"]
        assert all(path.attributes["d"].startswith("M") for path in chart.all("path"))
    assert re.fullmatch(r"p50 517 µs to 518 µs; p99 3.78 ms throughout", _desc(charts[0]))


def _desc(chart: Element) -> str:
    return chart.one("desc").text.replace("\N{NO-BREAK SPACE}", " ")


def test_an_event_stands_with_its_marks_its_interval_and_what_was_received(stopped: Path) -> None:
    table = section(report(stopped), "Events and what they rest on").one("table", class_="events")
    lost = next(body for body in table.all("tbody") if body.one("th").text.endswith("leader_lost"))
    cells = [cell.text for cell in lost.all("td")]
    assert cells[:3] == ["08:00:06.202", "node-1", "node-1:8443"]
    assert cells[3] == (
        "node-1 leads no more, term 2: its gateway refuses connections derived between 08:00:01.558 and 08:00:06.202"
    )
    assert lost.one("th").text == "✕problem: leader_lost"
    evidence = lost.all("details")
    assert [one.one("summary").text for one in evidence] == [
        "08:00:01.558 status_update from node-1:8443",
        "08:00:06.202 the connection to node-1:8443: backoff",
    ]
    assert '"type":"status_update"' in evidence[0].one("pre").text
    assert evidence[1].one("pre").text == '{"phase":"backoff","cause":"refused"}'


def test_a_long_raw_text_is_cut_and_says_by_how_much(tmp_path: Path) -> None:
    scene = three_live()
    scene.text("node1", '{"type":"strange","data":"' + "x" * MOST_RAW + '"}')
    table = report(record(tmp_path / "long.helios", scene.observations)).one("table", class_="events")
    strange = next(body for body in table.all("tbody") if body.one("th").text.endswith("strange"))
    assert len(strange.one("pre").text) == MOST_RAW
    assert "28 characters more are in the recording." in strange.text


def test_the_zone_is_honoured_and_said(stopped: Path) -> None:
    page = report(stopped, zone=ZoneInfo("Asia/Kolkata"))
    assert sentences(page)[0] == "13:30:00.200 node-1 is found to lead term 2."
    head = page.one("header").text
    assert "All times are in the zone Asia/Kolkata (UTC+05:30)." in head
    assert "2027-01-15 13:30:00.068 UTC+05:30" in head
    assert page.one("ol", class_="story").all("time")[0].attributes["datetime"] == "2027-01-15T13:30:00.200+05:30"
    ticks = [text.text for text in section(page, "Who led").all("text", class_="tick")]
    assert ticks == ["13:30:05", "13:30:10", "13:30:15", "13:30:20", "13:30:25", "13:30:30", "13:30:35"]


def test_a_range_in_the_midst_knows_what_was_before_it(stopped: Path) -> None:
    page = report(stopped, since_ns=(START_S + 10) * NS, until_ns=(START_S + 20) * NS)
    assert led(page) == [["node-2", "3", "08:00:10.000", "08:00:20.000", "10.0 s"]]
    lanes = section(page, "Who led").one("svg", class_="lanes")
    titles = [bar.one("title").text.split(", ")[:2] for bar in lanes.all("rect", class_="bar")]
    assert ["out of reach", "08:00:10.000 to 08:00:20.000"] in titles
    assert page.all("ol", class_="story") == []
    assert "Nothing worth a word was told in this range." in section(page, "What happened").text
    assert verdicts(page)["At the end of the range"] == "▲Warning: 2 of 3 healthy: can lose none"


def test_a_range_that_is_longer_than_the_recording_says_so(stopped: Path) -> None:
    head = report(stopped, since_ns=(START_S - 60) * NS).one("header").text
    assert "Asked for was 2027-01-15 07:59:00.000 UTC to the end; more than this was not recorded." in head


def test_a_range_without_anything_is_a_report_that_says_so(stopped: Path) -> None:
    page = report(stopped, since_ns=(START_S + 900) * NS, until_ns=(START_S + 960) * NS)
    assert [h2.text for h2 in page.all("h2")][1:] == SECTIONS
    assert verdicts(page) == {"At the end of the range": "◌Unknown: Nothing was recorded in this range"}
    assert "No latency was told in this range." in page.text
    assert page.all("table") == []


def test_a_recording_without_anything_is_a_report_that_says_so(tmp_path: Path) -> None:
    page = report(record(tmp_path / "empty.helios"))
    assert verdicts(page) == {"At the end of the range": "◌Unknown: Nothing was recorded in this range"}


def test_a_cluster_that_nobody_led_is_told_so(captures: Path, tmp_path: Path) -> None:
    page = report(record(tmp_path / "none.helios", captured(captures / "no_quorum_candidate_loop.jsonl")))
    assert sentences(page) == [
        (
            "08:00:01.738 node-2 stood for election again and again in vain: "
            "the term rose from 4 to 21 until 08:00:29.993."
        ),
        "08:00:04.993 node-1 and node-3 are out of reach.",
    ]
    assert verdicts(page)["The worst within it"].startswith("✕Problem: No quorum, writes stopped")
    assert "There is no quorum: nothing can be committed." in page.one("header").text
    assert "nobody is known to have led" in section(page, "Who led").text
    assert "No latency was told in this range." in page.text


def test_nine_nodes_have_nine_lanes_and_eight_graphs(tmp_path: Path) -> None:
    nine = tuple(f"node{number}" for number in range(1, 10))
    scene = Scene()
    scene.live(*nine)
    for second in range(60):
        scene.beat("node1", 7, 100 + second, nine)
        scene.frame("node1", "latency", latency(*(peer(other) for other in nine[1:])))
        scene.wait(1)
    page = report(record(tmp_path / "nine.helios", scene.observations))
    lanes = section(page, "Who led").one("svg", class_="lanes")
    assert [text.text for text in lanes.all("text", class_="name")] == ["Cluster", *nine]
    charts = section(page, "How fast it answered").all("svg", class_="chart")
    assert [chart.one("title").text for chart in charts] == [*nine[1:], "Commit rate"]
    assert "9 members, of whom 5 are a majority: 9 in reach." in page.one("header").text


def test_a_long_outage_is_hatched_and_no_line_goes_over_it(tmp_path: Path) -> None:
    scene = Scene()
    scene.live(*THREE)
    play_seconds(scene, 60)
    for node in THREE:
        scene.phase(node, Phase.BACKOFF, Cause.UNREACHABLE)
    scene.wait(1_800)
    scene.live(*THREE)
    play_seconds(scene, 60)
    page = report(record(tmp_path / "outage.helios", scene.observations))
    lanes = section(page, "Who led").one("svg", class_="lanes")
    silent = [bar.one("title").text for bar in lanes.all("rect", class_="silent")]
    assert len(silent) == 4
    assert all(title.startswith("not heard, 08:0") and title.endswith("30 min 0 s") for title in silent[1:]), silent
    (chart, *_others) = section(page, "How fast it answered").all("svg", class_="chart")
    assert [path.attributes["d"].count("M") for path in chart.all("path")] == [2]
    assert len(chart.all("rect", class_="shade")) == 1
    gaps = rows(section(page, "What is missing"), "Missed by observers")
    assert [row[:2] + row[4:] for row in gaps] == [
        [node, "all, there was no connection", "30 min 0 s", "—"] for node in THREE
    ]


def test_between_two_runs_nothing_is_made_up(tmp_path: Path) -> None:
    first, second = three_live(), Scene()
    play_seconds(first, 30)
    second.now_ns = first.now_ns + 300 * NS
    second.live(*THREE)
    play_seconds(second, 30, "node2", 4)
    page = report(record(tmp_path / "runs.helios", first.observations, second.observations))
    assert sentences(page) == [
        "08:00:00.000 node1 is found to lead term 1.",
        "08:00:30.000 For 5 min 0 s nothing was recorded: the program did not run.",
        "08:05:30.000 node2 is found to lead term 4.",
    ]
    assert led(page) == [
        ["node1", "1", "08:00:00.000", "08:00:30.000", "30.0 s"],
        ["node2", "4", "08:05:30.000", "08:06:00.000", "30.0 s"],
    ]
    assert rows(section(page, "What is missing"), "Not recorded") == [
        ["the program did not run", "08:00:30.000", "08:05:30.000", "5 min 0 s", "—"]
    ]
    lanes = section(page, "Who led").one("svg", class_="lanes")
    assert len(lanes.all("rect", class_="unrecorded")) == 4
    assert _messages(page) == ["91", "91", "61"]


def _messages(page: Element) -> list[str]:
    quality = rows(section(page, "How good the data is"), "Messages by observer")
    return next(row[1:] for row in quality if row[0] == "Messages")


def test_after_a_stretch_that_could_not_be_written_the_kept_state_goes_on(tmp_path: Path) -> None:
    scene = three_live()
    play_seconds(scene, 30)
    before = len(scene.observations)
    play_seconds(scene, 30, "node3", 6)
    until = len(scene.observations)
    play_seconds(scene, 30, "node3", 6)
    seen = scene.observations
    page = report(record_with_a_hole(tmp_path / "hole.helios", seen[:before], seen[before:until], seen[until:]))
    assert "08:00:30.000 For 30.0 s not all was recorded: disk full." in sentences(page)
    lost = rows(section(page, "What is missing"), "Not recorded")
    assert lost == [["disk full", "08:00:30.000", "08:01:00.000", "30.0 s", "150"]]
    assert led(page)[-1][:2] == ["node3", "6"]
    assert [row[0] for row in led(page)] == ["node1", "node3"]
    lanes = section(page, "Who led").one("svg", class_="lanes")
    hatched = [bar.one("title").text for bar in lanes.all("rect", class_="unrecorded")]
    assert hatched == ["not recorded, 08:00:30.000 to 08:01:00.000, 30.0 s"] * 4


def test_a_filter_is_honoured_and_printed(stopped: Path) -> None:
    page = report(stopped, chosen=EventFilter(types=frozenset({"leader_lost", "peer_reachable"})))
    table = page.one("table", class_="events")
    assert [body.one("th").text.split()[-1] for body in table.all("tbody")] == ["leader_lost", "peer_reachable"]
    assert "2 events in all." in section(page, "Events and what they rest on").text
    assert "of the types leader_lost, peer_reachable. It is about what happened and the events" in page.text
    assert len(sentences(page)) == 2
    assert led(page)[-1][0] == "node-2"
    everything = report(stopped, chosen=EventFilter(severities=frozenset(Severity), nodes=frozenset({"node-3"})))
    assert {body.one("th").text.split()[-1] for body in everything.all("tbody") if body.attributes} >= {"status_update"}


def test_a_pattern_that_is_none_is_told(stopped: Path, tmp_path: Path) -> None:
    with pytest.raises(PatternError):
        report(stopped, chosen=EventFilter(pattern="("))
    assert list(tmp_path.iterdir()) == []


def test_notes_stand_with_the_way_to_their_events(tmp_path: Path) -> None:
    scene = three_live()
    play_seconds(scene, 30)
    path = record(tmp_path / "notes.helios", scene.observations)
    first = report(path).one("table", class_="events").all("tbody")[0].attributes["id"]
    start_ns = START_S * NS
    write_note(path, Note(1, start_ns + 5 * NS, None, int(first[1:]), "why <now>?\nnobody knows", start_ns))
    write_note(path, Note(2, start_ns + 2 * NS, start_ns + 9 * NS, None, "", start_ns))
    write_note(path, Note(3, start_ns - 90 * NS, None, None, "before it", start_ns))
    notes = section(report(path), "Bookmarks and notes")
    assert rows(notes, "Bookmarks and notes") == [
        ["08:00:02.000 to 08:00:09.000", "Bookmark"],
        ["08:00:05.000", "why <now>? nobody knows to its event"],
    ]
    assert notes.one("a").attributes["href"] == f"#{first}"


def test_of_very_many_events_the_first_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    scene = three_live()
    for number in range(MOST_EVENTS + 500):
        scene.frame("node1", f"strange{number % 7}", {"n": number})
    page = report(record(tmp_path / "many.helios", scene.observations))
    assert len(page.one("table", class_="events").all("tbody")) == MOST_EVENTS
    told = section(page, "Events and what they rest on").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "2 501 events in all. Here are the first 2 000. All of them: helios-desktop export RECORDING" in told
    assert len(sentences(page)) == 8


def test_a_cancel_leaves_what_was_there_and_no_trace(stopped: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("the old one")
    asked = 0

    def is_cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    with pytest.raises(ExportCancelled):
        write_report(path, stopped, zone=UTC, progress=lambda _share: None, is_cancelled=is_cancelled)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("report.html", "the old one")]


def test_progress_rises_to_one(stopped: Path) -> None:
    shares: list[float] = []
    report(stopped, progress=shares.append)
    assert shares == sorted(shares)
    assert (shares[0] < 0.5, shares[-1]) == (True, 1.0)


def test_where_it_cannot_be_written_or_read_the_message_says_so(stopped: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "none" / "report.html"
    with pytest.raises(ExportError, match="its folder is not there"):
        write_report(nowhere, stopped, zone=UTC, progress=lambda _share: None, is_cancelled=lambda: False)
    foreign = tmp_path / "foreign.helios"
    foreign.write_text("no recording")
    with pytest.raises(RecordingError, match=re.escape(str(foreign))):
        report(foreign)


def test_a_recording_is_never_replaced_by_its_own_report(stopped: Path) -> None:
    before = stopped.read_bytes()
    for path in (stopped, Path(f"{stopped}-wal")):
        with pytest.raises(ExportError, match="cannot take the place of what it is made from"):
            write_report(path, stopped, zone=UTC, progress=lambda _share: None, is_cancelled=lambda: False)
    assert stopped.read_bytes() == before
    assert not Path(f"{stopped}-wal").exists()
