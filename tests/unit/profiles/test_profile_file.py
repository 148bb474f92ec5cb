"""The profile file: what people write by hand, what we write, and what is broken."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.profiles.entry import read_profiles, table_of
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.profile import Profile, ProfileError
from helios_desktop.protocol.subscription import ALL_TOPICS, Topic

BY_HAND = """\
# The ones on call need these.
[profiles.prod]   # the real one
name = "Production"
addresses = [
    "https://a.example.com:8443",  # Ghent
    "https://b.example.com:8443",
]
username = 'ops'  # shared
environment = "PROD"
topics = ["status", "latency"]

[profiles.dev]
name = "Dev"
addresses = ["localhost:8080"]
"""


def write(folder: Path, text: str) -> Profiles:
    (folder / "profiles.toml").write_text(text, "utf-8", newline="")
    return Profiles(folder)


def test_a_folder_without_a_file_has_no_profiles(tmp_path: Path) -> None:
    assert Profiles(tmp_path / "none").list() == ()


def test_a_file_written_by_hand_is_read_in_its_order(tmp_path: Path) -> None:
    prod, dev = write(tmp_path, BY_HAND).list()
    assert prod == Profile(
        id="prod",
        name="Production",
        addresses=("https://a.example.com:8443", "https://b.example.com:8443"),
        username="ops",
        environment="PROD",
        topics=frozenset({Topic.STATUS, Topic.LATENCY}),
    )
    assert dev == Profile(id="dev", name="Dev", addresses=("localhost:8080",))


def test_a_profile_is_found_by_name_then_case_then_id(tmp_path: Path) -> None:
    profiles = write(tmp_path, BY_HAND)
    for name in ("Production", "pRODUCTION", "prod"):
        found = profiles.get(name)
        assert found is not None
        assert found.id == "prod"
    assert profiles.get("Prod-u-ction") is None


def test_saving_keeps_comments_order_and_all_that_did_not_change(tmp_path: Path) -> None:
    profiles = write(tmp_path, BY_HAND)
    prod = profiles.list()[0]
    values = {name: getattr(prod, name) for name in prod.__struct_fields__}
    profiles.save(Profile(**{**values, "environment": "STAGE", "allows_plain_text": True}))
    expected = BY_HAND.replace('"PROD"', '"STAGE"').replace(
        'topics = ["status", "latency"]\n', 'topics = ["status", "latency"]\nallows_plain_text = true\n'
    )
    assert profiles.path.read_text("utf-8") == expected


def test_a_setting_that_goes_back_to_its_default_leaves_the_file(tmp_path: Path) -> None:
    profiles = write(tmp_path, BY_HAND)
    profiles.save(Profile(id="prod", name="Production", addresses=("https://a.example.com:8443",)))
    text = profiles.path.read_text("utf-8")
    assert "username" not in text
    assert "topics" not in text
    assert "# The ones on call need these." in text


def test_a_new_profile_makes_folder_and_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path / "a" / "b")
    profile = Profile(id=profiles.new_id("Prod EU é"), name="Prod EU é", addresses=("::1",), colour="#C0392b")
    profiles.save(profile)
    assert profile.id == "prod-eu-e"
    assert profiles.list() == (profile,)
    if sys.platform != "win32":
        assert profiles.path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in profiles.path.parent.iterdir()] == ["profiles.toml"]


def test_an_id_is_never_given_twice(tmp_path: Path) -> None:
    profiles = write(tmp_path, BY_HAND)
    assert profiles.new_id("Dev!") == "dev-2"
    assert profiles.new_id("日本") == "profile"


def test_two_profiles_of_one_name_are_refused(tmp_path: Path) -> None:
    profiles = write(tmp_path, BY_HAND)
    with pytest.raises(ProfileError, match="already"):
        profiles.save(Profile(id="dev-2", name="dev", addresses=("localhost:1",)))
    assert profiles.path.read_text("utf-8") == BY_HAND


def test_removing_leaves_the_others_and_an_unknown_name_changes_nothing(tmp_path: Path) -> None:
    profiles = write(tmp_path, BY_HAND)
    profiles.remove("nobody")
    assert profiles.path.read_text("utf-8") == BY_HAND
    profiles.remove("Production")
    assert [profile.name for profile in profiles.list()] == ["Dev"]
    profiles.remove("Dev")
    assert profiles.list() == ()


def test_line_ends_of_windows_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    profiles = write(tmp_path, "\ufeff" + BY_HAND.replace("\n", "\r\n"))
    assert len(profiles.list()) == 2
    profiles.save(Profile(id="dev", name="Dev", addresses=("localhost:8081",)))
    assert b'addresses = ["localhost:8081"]\r\n' in profiles.path.read_bytes()


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    target = tmp_path / "dotfiles" / "mine.toml"
    target.write_text(BY_HAND, "utf-8")
    (tmp_path / "profiles.toml").symlink_to(target)
    Profiles(tmp_path).remove("Dev")
    assert (tmp_path / "profiles.toml").is_symlink()
    assert "Dev" not in target.read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("[profiles.dev]", "[profiles.dev", 12, "Expected ']'"),
        ('name = "Dev"', "name = ", 13, "Invalid value"),
        ("username = 'ops'", "usernane = 'ops'", 8, "did you mean “username”"),
        ("username = 'ops'", "colours = 1", 8, "did you mean “colour”"),
        ("username = 'ops'", "xyzzy = 1", 8, "known are name, addresses"),
        ("username = 'ops'", "username = 5", 8, "“username” of .profiles.prod.: Expected `str`, got `int`"),
        ('"latency"]', '"latence"]', 10, "“topics” of .profiles.prod.: Invalid enum value 'latence'"),
        ("username = 'ops'", "opaque_token_life_s = -1", 8, "opaque_token_life_s"),
        ("username = 'ops'", "colour = 'red'", 8, "colour"),
        ("username = 'ops'", "login_path = 'api/auth/login'", 8, "login_path"),
        ("username = 'ops'", "login_path = '/login?a=b'", 8, "login_path"),
        ('name = "Dev"', "", 12, "missing required field `name`"),
        ('addresses = ["localhost:8080"]', "addresses = []", 14, "one address at least"),
        ("# The ones on call need these.", "profile = 1", 1, "did you mean “profiles”"),
        ("[profiles.dev]", "[profile.dev]", 12, "did you mean “profiles”"),
    ],
)
def test_a_broken_file_is_told_by_line_and_left_as_it_is(
    tmp_path: Path, old: str, new: str, line: int, says: str
) -> None:
    assert old in BY_HAND
    profiles = write(tmp_path, BY_HAND.replace(old, new))
    before = profiles.path.read_bytes()
    for call in (
        profiles.list,
        lambda: profiles.get("Dev"),
        lambda: profiles.save(Profile(id="x", name="X", addresses=("localhost:1",))),
        lambda: profiles.remove("Dev"),
    ):
        with pytest.raises(ProfileError, match=says) as failure:
            call()
        assert str(failure.value).startswith(f"{profiles.path}, line {line}: ")
    assert profiles.path.read_bytes() == before


def test_a_file_that_is_not_utf_8_is_told_by_line(tmp_path: Path) -> None:
    (tmp_path / "profiles.toml").write_bytes(b"# hello\n# caf\xe9\n")
    with pytest.raises(ProfileError, match="line 2: this is not UTF-8"):
        Profiles(tmp_path).list()


def test_a_place_that_cannot_be_written_is_told_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, os.strerror(13))

    profiles = write(tmp_path, BY_HAND)
    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(ProfileError, match=r"cannot be written: Permission denied\. The profiles are as they were"):
        profiles.remove("Dev")
    assert profiles.path.read_text("utf-8") == BY_HAND
    assert [file.name for file in tmp_path.iterdir()] == ["profiles.toml"]


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("")
    with pytest.raises(ProfileError, match="cannot be"):
        Profiles(tmp_path / "folder").save(Profile(id="x", name="X", addresses=("localhost:1",)))


def test_a_value_that_no_file_may_hold_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be saved"):
        Profiles(tmp_path).save(Profile(id="x", name="X", addresses=("localhost:1",), colour="red"))
    assert not (tmp_path / "profiles.toml").exists()


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)
PROFILES = st.builds(
    Profile,
    id=st.text("abcdefghij-0123", min_size=1, max_size=8),
    name=TEXTS,
    addresses=st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
    username=TEXTS,
    environment=TEXTS,
    colour=st.sampled_from(["", "#aaBB01"]),
    ca_file=TEXTS,
    allows_plain_text=st.booleans(),
    topics=st.frozensets(st.sampled_from(Topic)) | st.just(ALL_TOPICS),
    opaque_token_life_s=st.floats(1, 1e6) | st.just(900.0),
    login_path=st.sampled_from(["", "/", "/api/auth/login"]),
)


@given(PROFILES, PROFILES)
def test_whatever_is_saved_is_read_back(tmp_path_factory: pytest.TempPathFactory, old: Profile, new: Profile) -> None:
    profiles = Profiles(tmp_path_factory.mktemp("profiles"))
    profiles.save(old)
    assert profiles.list() == (old,)
    renamed = Profile(**{name: getattr(new, name) for name in new.__struct_fields__} | {"id": old.id})
    profiles.save(renamed)
    assert profiles.list() == (renamed,)


def test_only_what_differs_from_the_defaults_is_written() -> None:
    profile = Profile(id="x", name="X", addresses=("a",), topics=frozenset(Topic), opaque_token_life_s=900.0)
    assert table_of(profile) == {"name": "X", "addresses": ["a"]}


@given(st.text(max_size=80))
def test_any_text_is_read_or_told_to_be_broken(text: str) -> None:
    said = "x.toml, line "
    try:
        read_profiles(text, Path("x.toml"))
    except ProfileError as error:
        said = str(error)
    assert said.startswith("x.toml, line ")
