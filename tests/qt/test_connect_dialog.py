"""The Connect dialog: what is wrong is said where it is wrong, and a secret is kept where it belongs."""

from pathlib import Path

import pytest
import trustme
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from helios_desktop.profiles.profile import Profile
from helios_desktop.qt.connect_dialog import ConnectDialog
from helios_desktop.qt.tasks import Tasks
from tests.qt.scene import FakeHost

# The offscreen platform says so of every window whose size is fixed.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


def no_tasks() -> Tasks:
    """Give tasks to a dialog that starts none."""
    return Tasks(lambda error: None)


class Asked:
    """A dialog that is open."""

    def __init__(self, qtbot: QtBot, host: FakeHost, known: Profile | None = None) -> None:
        self.host = host
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.dialog = ConnectDialog(host.profiles, self.window, no_tasks(), known=known)
        self.dialog.show()

    def fill(self, address: str, username: str = "ops", name: str = "") -> None:
        """Type into the fields."""
        self.dialog.address.setText(address)
        self.dialog.username.setText(username)
        self.dialog.password.setText("s3cret")
        self.dialog.name.setText(name)

    def is_open_with(self, label: QLabel, words: str) -> bool:
        """True where the dialog refused, and said so there."""
        self.dialog.accept()
        return self.dialog.isVisible() and label.isVisible() and words in label.text() and self.dialog.answer is None


@pytest.fixture
def asked(qtbot: QtBot, host: FakeHost) -> Asked:
    return Asked(qtbot, host)


def test_all_that_is_needed_makes_a_target(asked: Asked) -> None:
    asked.fill("localhost:8080")
    asked.dialog.accept()
    answer = asked.dialog.answer
    assert answer is not None
    assert asked.dialog.result() == QDialog.DialogCode.Accepted
    assert (answer.target.name, str(answer.target.address)) == ("localhost:8080", "http://localhost:8080")
    assert (answer.target.credentials.username, answer.target.credentials.password) == ("ops", "s3cret")
    assert answer.profile_id == ""
    assert asked.host.profiles.list() == ()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "The address is empty"),
        ("what<is>this", "no address of a gateway"),
        ("ftp://host:1", "no scheme of a gateway"),
        ("https://host:1/?token=abc", "must not hold a token"),
        ("https://me:pw@host:1", "must not hold a user name"),
    ],
)
def test_a_wrong_address_is_told_below_it(asked: Asked, address: str, words: str) -> None:
    asked.fill(address)
    assert asked.is_open_with(asked.dialog.address_error, words)


def test_without_a_user_nothing_is_tried(asked: Asked) -> None:
    asked.fill("localhost:8080", username=" ")
    assert asked.is_open_with(asked.dialog.error, "Who signs in?")


def test_a_token_signs_in_without_a_user_name(asked: Asked) -> None:
    asked.fill("localhost:8080", username="")
    asked.dialog.password.clear()
    asked.dialog.token.setText("  Bearer abc.def.ghi\n")
    asked.dialog.accept()
    answer = asked.dialog.answer
    assert answer is not None
    assert (answer.target.credentials.token, answer.target.credentials.has_login) == ("abc.def.ghi", False)
    assert "abc.def" not in repr(answer)


def test_beside_a_token_a_name_logs_in_only_with_its_password(asked: Asked) -> None:
    asked.fill("localhost:8080")
    asked.dialog.token.setText("abc")
    asked.dialog.accept()
    assert asked.dialog.answer is not None
    assert asked.dialog.answer.target.credentials.has_login
    asked.dialog.password.clear()
    asked.dialog.accept()
    assert not asked.dialog.answer.target.credentials.has_login


@pytest.mark.parametrize("token", ["two parts", "t\u00f6ken", "a\tb"])
def test_a_token_that_no_header_can_carry_is_refused(asked: Asked, token: str) -> None:
    asked.fill("localhost:8080")
    asked.dialog.token.setText(token)
    assert asked.is_open_with(asked.dialog.error, "copy it again")


def test_editing_saves_without_anybody_signing_in(qtbot: QtBot, host: FakeHost) -> None:
    known = Profile(id="p1", name="prod", addresses=("https://a.example.com",))
    host.profiles.save(known)
    window = QWidget()
    qtbot.addWidget(window)
    dialog = ConnectDialog(host.profiles, window, no_tasks(), known=known, only_saves=True)
    dialog.show()
    dialog.name.clear()
    dialog.accept()
    assert dialog.isVisible()
    assert dialog.error.text() == "A saved cluster needs a name."
    dialog.name.setText("production")
    dialog.accept()
    assert not dialog.isVisible()
    assert [(one.id, one.name) for one in host.profiles.list()] == [("p1", "production")]


def test_plain_text_to_another_machine_is_said_in_words_and_must_be_allowed(asked: Asked) -> None:
    asked.fill("localhost:8080")
    assert not asked.dialog.plain_text.isVisible()
    asked.fill("http://gateway.example.com:8080")
    assert asked.dialog.plain_text.isVisible()
    assert asked.is_open_with(asked.dialog.plain_text_error, "can read the password")
    asked.dialog.plain_text.setChecked(True)
    asked.dialog.accept()
    assert asked.dialog.answer is not None
    assert asked.dialog.answer.target.allows_plain_text


def test_an_allowance_given_for_one_address_does_not_hold_for_the_next(asked: Asked) -> None:
    asked.fill("http://gateway.example.com:8080")
    asked.dialog.plain_text.setChecked(True)
    asked.fill("https://gateway.example.com:8443")
    asked.dialog.accept()
    assert asked.dialog.answer is not None
    assert not asked.dialog.answer.target.allows_plain_text


def test_a_ca_file_that_is_none_is_told_below_it(asked: Asked, tmp_path: Path) -> None:
    asked.fill("https://gateway.example.com:8443")
    asked.dialog.more.ca_file.setText(str(tmp_path / "missing.pem"))
    assert asked.is_open_with(asked.dialog.more.ca_error, "missing.pem cannot be read")
    (tmp_path / "text.pem").write_text("no certificate")
    asked.dialog.more.ca_file.setText(str(tmp_path / "text.pem"))
    assert asked.is_open_with(asked.dialog.more.ca_error, "text.pem holds no certificates")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    asked.dialog.more.ca_file.setText(str(tmp_path / "ca.pem"))
    asked.dialog.accept()
    assert asked.dialog.answer is not None
    assert asked.dialog.answer.target.tls is not None


def test_a_name_saves_a_profile_that_holds_no_secret(asked: Asked) -> None:
    asked.fill("https://gateway.example.com:8443", name="prod-eu")
    asked.dialog.environment.setCurrentText("PROD")
    asked.dialog.accept()
    saved = asked.host.profiles.get("prod-eu")
    answer = asked.dialog.answer
    assert saved is not None
    assert answer is not None
    assert (saved.username, saved.environment) == ("ops", "PROD")
    assert "s3cret" not in asked.host.profiles.path.read_text()
    assert (answer.target.name, answer.target.environment) == ("prod-eu", "PROD")
    assert (answer.profile_id, answer.target.credentials.password) == (saved.id, "s3cret")
    assert "s3cret" not in repr(answer)


def test_a_password_that_is_not_to_be_kept_is_not_handed_on(asked: Asked) -> None:
    asked.fill("localhost:8080", name="local")
    asked.dialog.keep.setChecked(False)
    asked.dialog.accept()
    assert asked.dialog.answer is not None
    assert asked.dialog.answer.profile_id == ""


def test_a_name_that_is_taken_is_told_and_the_dialog_stays(qtbot: QtBot, host: FakeHost) -> None:
    host.profiles.save(Profile(id="prod", name="prod", addresses=("https://a.example.com",)))
    asked = Asked(qtbot, host)
    asked.fill("https://b.example.com", name="prod")
    assert asked.is_open_with(asked.dialog.error, "prod")
    kept = host.profiles.get("prod")
    assert kept is not None
    assert kept.addresses == ("https://a.example.com",)


def test_a_broken_profile_file_is_told_and_left_as_it_is(asked: Asked) -> None:
    path = asked.host.profiles.path
    path.parent.mkdir(parents=True)
    path.write_text("[profiles.x\n")
    asked.fill("localhost:8080", name="local")
    assert asked.is_open_with(asked.dialog.error, str(path))
    assert path.read_text() == "[profiles.x\n"


def test_editing_a_profile_keeps_what_the_dialog_does_not_show(qtbot: QtBot, host: FakeHost) -> None:
    known = Profile(
        id="p1", name="prod", addresses=("https://a.example.com", "https://b.example.com"), username="ops",
        colour="#cc79a7", opaque_token_life_s=60,
    )  # fmt: skip
    host.profiles.save(known)
    asked = Asked(qtbot, host, known)
    assert asked.dialog.address.text() == "https://a.example.com\nhttps://b.example.com"
    asked.dialog.username.setText("other")
    asked.dialog.accept()
    saved = host.profiles.get("prod")
    assert saved is not None
    assert (saved.id, saved.username, saved.addresses) == ("p1", "other", known.addresses)
    assert (saved.colour, saved.opaque_token_life_s) == ("#cc79a7", 60)


# Several gateways


def test_each_gateway_is_asked_and_saved_as_it_is_written(asked: Asked) -> None:
    asked.fill("https://a.example.com\nb.example.com:8443, localhost:8080", name="prod")
    asked.dialog.accept()
    answer, saved = asked.dialog.answer, asked.host.profiles.get("prod")
    assert answer is not None
    assert saved is not None
    names = [address.name for address in answer.target.addresses]
    assert names == ["a.example.com:443", "b.example.com:8443", "localhost:8080"]
    assert saved.addresses == ("https://a.example.com", "b.example.com:8443", "localhost:8080")
    assert answer.target.profile_id == saved.id


def test_without_a_name_a_cluster_is_called_by_its_gateways(asked: Asked) -> None:
    asked.fill("localhost:1 localhost:2 localhost:3")
    asked.dialog.accept()
    assert asked.dialog.answer is not None
    assert asked.dialog.answer.target.name == "localhost:1 + 2"


@pytest.mark.parametrize(
    ("addresses", "words"),
    [
        ("localhost:1\nftp://b\nlocalhost:3", "Address 2: “ftp” is no scheme"),
        ("localhost:1, localhost:2, http://localhost:1", "Address 3 names the same gateway as address 1"),
        ("localhost:1\nhttps://me:pw@b:2", "Address 2: An address must not hold a user name"),
    ],
)
def test_the_address_that_is_wrong_is_told_by_its_number(asked: Asked, addresses: str, words: str) -> None:
    asked.fill(addresses)
    assert asked.is_open_with(asked.dialog.address_error, words)


def test_the_host_that_would_be_asked_in_plain_text_is_named(asked: Asked) -> None:
    asked.fill("https://a.example.com\nhttp://b.example.com:80\nlocalhost:3")
    assert asked.is_open_with(asked.dialog.plain_text_error, "b.example.com is another machine")
    assert "a.example.com" not in asked.dialog.plain_text_error.text()


def test_tab_leaves_the_addresses_and_enter_connects(asked: Asked) -> None:
    asked.fill("localhost:8080")
    asked.dialog.address.setFocus()
    QTest.keyClick(asked.dialog.address, Qt.Key.Key_Tab)
    assert asked.dialog.focusWidget() is asked.dialog.username
    QTest.keyClick(asked.dialog.address, Qt.Key.Key_Return)
    assert asked.dialog.result() == QDialog.DialogCode.Accepted
    assert asked.dialog.address.text() == "localhost:8080"


def test_enter_with_shift_begins_a_line(asked: Asked) -> None:
    QTest.keyClicks(asked.dialog.address, "localhost:1")
    QTest.keyClick(asked.dialog.address, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(asked.dialog.address, "localhost:2")
    assert asked.dialog.isVisible()
    assert asked.dialog.address.addresses == ("localhost:1", "localhost:2")


def test_the_field_grows_to_four_lines_and_the_dialog_with_it(asked: Asked) -> None:
    heights, dialogs = [], []
    for lines in range(1, 7):
        asked.dialog.address.setText("\n".join(f"localhost:{line}" for line in range(1, lines + 1)))
        heights.append(asked.dialog.address.height())
        dialogs.append(asked.dialog.height())
    assert heights[0] == heights[1] < heights[2] < heights[3] == heights[4] == heights[5]
    assert [height - dialogs[0] for height in dialogs] == [height - heights[0] for height in heights]


# More


def test_what_few_need_is_folded_away(asked: Asked) -> None:
    for field in (asked.dialog.more.ca_file, asked.dialog.more.life):
        assert not field.isVisible()
    folded = asked.dialog.height()
    asked.dialog.more.switch.click()
    for field in (asked.dialog.more.ca_file, asked.dialog.more.life):
        assert field.isVisible()
    assert not asked.dialog.more.ca_error.isVisible()
    asked.dialog.more.switch.click()
    assert asked.dialog.height() == folded


def test_a_profile_that_says_more_begins_unfolded(qtbot: QtBot, host: FakeHost) -> None:
    known = Profile(id="p1", name="prod", addresses=("https://a.example.com",), opaque_token_life_s=3600)
    asked = Asked(qtbot, host, known)
    assert asked.dialog.more.life.isVisible()
    assert asked.dialog.more.life.text() == "60"


def test_a_token_s_life_is_saved_in_seconds_and_kept_to_the_fraction(qtbot: QtBot, host: FakeHost) -> None:
    known = Profile(id="p1", name="prod", addresses=("localhost:1",), username="ops", opaque_token_life_s=90.5)
    host.profiles.save(known)
    for typed, life_s in ((None, 90.5), ("", 90.5), ("0", 90.5), ("5", 300.0)):
        asked = Asked(qtbot, host, known)
        assert asked.dialog.more.life.text() == "2"
        if typed is not None:
            asked.dialog.more.life.setText(typed)
        asked.dialog.accept()
        saved = host.profiles.get("prod")
        assert saved is not None
        assert saved.opaque_token_life_s == life_s
        assert asked.dialog.answer is not None
        assert asked.dialog.answer.target.opaque_token_life_s == life_s


# What is said


def test_the_dialog_says_where_the_password_is_kept(asked: Asked, host: FakeHost) -> None:
    asked.fill("localhost:8080", name="local")
    asked.dialog.show_where(host.secrets.where, is_persistent=host.secrets.is_persistent)
    assert asked.dialog.where.isVisible()
    assert "this session only" in asked.dialog.where.text()


def test_a_sentence_is_never_cut_off(asked: Asked) -> None:
    asked.fill("http://gateway.example.com:8080", name="x")
    asked.dialog.accept()
    for label in asked.dialog.findChildren(QLabel):
        if label.isVisible() and label.wordWrap():
            assert label.height() >= label.heightForWidth(label.width()), label.text()
