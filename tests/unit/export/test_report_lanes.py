"""Lanes: who was in which role when, cut to the range, in memory that does not grow."""

from helios_desktop.export.report_lanes import COLUMNS, Kind, Lane, Span

HOUR_NS = 3_600_000_000_000


def test_what_goes_on_as_before_is_one_span_and_what_lies_outside_is_cut_off() -> None:
    lane = Lane("node1", 100, 200)
    lane.add(Span(Kind.FOLLOWER, 0, 120))
    lane.add(Span(Kind.FOLLOWER, 120, 150))
    lane.add(Span(Kind.LEADER, 150, 900, "node1", 4))
    lane.add(Span(Kind.FOLLOWER, 900, 1_000))
    assert lane.drawn() == [Span(Kind.FOLLOWER, 100, 150), Span(Kind.LEADER, 150, 200, "node1", 4)]
    assert {kind: total.length_ns for kind, total in lane.totals.items()} == {Kind.FOLLOWER: 50, Kind.LEADER: 50}
    assert lane.totals[Kind.FOLLOWER].count == 1


def test_another_term_of_the_same_leader_is_another_span() -> None:
    lane = Lane("node1", 0, 100)
    lane.enter(Kind.LEADER, 0, "node1", 4)
    lane.enter(Kind.LEADER, 10, "node1", 4)
    lane.enter(Kind.LEADER, 30, "node1", 5)
    lane.leave(60)
    assert lane.drawn() == [Span(Kind.LEADER, 0, 30, "node1", 4), Span(Kind.LEADER, 30, 60, "node1", 5)]


def test_what_is_known_after_the_fact_begins_no_earlier_than_the_span_before_it() -> None:
    lane = Lane("node1", 0, 100)
    lane.enter(Kind.FOLLOWER, 40)
    lane.enter(Kind.SILENT, 20)
    lane.leave(100)
    assert lane.drawn() == [Span(Kind.SILENT, 40, 100)]


def test_a_flapping_cluster_takes_no_more_room_than_can_be_drawn_and_loses_no_count() -> None:
    lane, step_ns = Lane("", 0, HOUR_NS), HOUR_NS // 200_000
    for number in range(100_000):
        lane.add(Span(Kind.LEADER, 2 * number * step_ns, (2 * number + 1) * step_ns, "node1", number))
        lane.add(Span(Kind.LEADERLESS, (2 * number + 1) * step_ns, (2 * number + 2) * step_ns))
        assert len(lane._spans) <= 4 * COLUMNS + 1
    drawn = lane.drawn()
    assert len(drawn) <= 3 * COLUMNS
    assert (drawn[0].since_ns, drawn[-1].until_ns) == (0, 200_000 * step_ns)
    assert {one.kind for one in drawn} >= {Kind.LEADERLESS}
    without = lane.totals[Kind.LEADERLESS]
    assert (without.count, without.length_ns, without.longest_ns) == (100_000, 100_000 * step_ns, step_ns)


def test_a_leaderless_moment_is_drawn_even_where_it_is_far_shorter_than_a_column() -> None:
    lane = Lane("", 0, HOUR_NS)
    lane.add(Span(Kind.LEADER, 0, HOUR_NS // 2, "node1", 1))
    lane.add(Span(Kind.LEADERLESS, HOUR_NS // 2, HOUR_NS // 2 + 5))
    lane.add(Span(Kind.LEADER, HOUR_NS // 2 + 5, HOUR_NS, "node2", 2))
    assert [one.kind for one in lane.drawn()] == [Kind.LEADER, Kind.LEADERLESS, Kind.LEADER]
