"""Filters under names: kept in a file that people edit, and never lost where it is broken."""

from pathlib import Path

import pytest

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter
from helios_desktop.profiles.filters import FILE, FiltersError, SavedFilters

FULL = EventFilter(
    types=frozenset({"leader_change", "term_change"}),
    hidden_types=frozenset({"pong"}),
    text="node3 leads",
    severities=frozenset({Severity.NOTICE, Severity.PROBLEM}),
    nodes=frozenset({"node1", ""}),
    hidden_nodes=frozenset({"node2"}),
    observers=frozenset({"gw1:80"}),
    hidden_observers=frozenset({"gw2:80"}),
    pattern="term [0-9]+",
    since_ns=1_700_000_000_000_000_000,
    until_ns=1_700_000_001_000_000_000,
)


@pytest.fixture
def saved(tmp_path: Path) -> SavedFilters:
    return SavedFilters(tmp_path)


def test_what_is_kept_comes_back_whole_and_in_order(saved: SavedFilters) -> None:
    assert dict(saved.list()) == {}
    saved.save("Elections, “all”", FULL)
    saved.save("b.c [d]", EventFilter())
    assert list(saved.list().items()) == [("Elections, “all”", FULL), ("b.c [d]", EventFilter())]


def test_a_name_that_is_there_is_replaced_and_can_be_removed(saved: SavedFilters) -> None:
    saved.save("a", FULL)
    saved.save("b", FULL)
    saved.save("a", EventFilter(text="other"))
    assert saved.list()["a"] == EventFilter(text="other")
    saved.remove("a")
    saved.remove("never there")
    assert dict(saved.list()) == {"b": FULL}


def test_what_people_wrote_into_the_file_stays(saved: SavedFilters) -> None:
    saved.path.write_text('# mine\n[filters.errors]\ntypes = ["error"] # only these\n')
    saved.save("other", EventFilter(text="x"))
    text = saved.path.read_text()
    assert "# mine" in text
    assert 'types = ["error"] # only these' in text
    assert saved.list()["errors"] == EventFilter(types=frozenset({"error"}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[filters.a\n", "Expected ']'"),
        ("[filters.a]\ntypo = 1\n", "typo"),
        ('[filters.a]\nseverities = ["worst"]\n', "“worst” is no severity; known are info, notice, warning, problem"),
        ('[filters.a]\npattern = "("\n', "is no regular expression"),
        ("filters = 3\n", "Expected `object`"),
        ("other = 3\n", "other"),
    ],
)
def test_a_broken_file_is_told_in_a_sentence_and_left_as_it_is(saved: SavedFilters, text: str, said: str) -> None:
    saved.path.write_text(text)
    with pytest.raises(FiltersError) as caught:
        saved.list()
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(saved.path))
    assert str(caught.value).endswith("Mend it in an editor; the file is left as it is.")
    if "severities" not in text and "pattern" not in text:
        with pytest.raises(FiltersError):
            saved.save("b", FULL)
    assert saved.path.read_text() == text


def test_a_file_that_is_not_utf_8_is_told(saved: SavedFilters) -> None:
    saved.path.write_bytes(b"# \xff\n")
    with pytest.raises(FiltersError, match="this is not UTF-8"):
        saved.list()


def test_a_folder_that_cannot_be_written_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(FiltersError, match="cannot be"):
        SavedFilters(tmp_path / "taken").save("a", FULL)
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]
    assert FILE == "filters.toml"
