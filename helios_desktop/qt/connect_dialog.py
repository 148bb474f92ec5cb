"""Asks where the gateways of a cluster are and who signs in; what is wrong is said beside the field that is wrong."""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from helios_desktop.client.address import Address, AddressError, parse_addresses
from helios_desktop.client.credentials import Credentials
from helios_desktop.monitor.target import Target
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.profile import Profile, ProfileError
from helios_desktop.qt.address_field import AddressField
from helios_desktop.qt.connection_test import Check, ConnectionTest, check_briefly
from helios_desktop.qt.forms import add_row, stacked
from helios_desktop.qt.labels import make_label, make_note, show_text
from helios_desktop.qt.more_rows import MoreRows
from helios_desktop.qt.style_sheet import GAP, PAD, SPACE
from helios_desktop.qt.targets import TargetError, make_target, plain_text_warning
from helios_desktop.qt.tasks import Tasks
from helios_desktop.qt.theme import ui_font
from helios_desktop.words import _

_WIDTH_PX: Final = 520
_ENVIRONMENTS: Final = ("", "DEV", "STAGE", "PROD")


@dataclass(frozen=True)
class Answer:
    """What the user decided: whom to watch, and under which profile ("" for none) to keep the target's secrets."""

    target: Target
    profile_id: str = ""


class ConnectDialog(QDialog):
    """Open it with `show_dialog`; accepted, `answer` is set and a named profile is saved.

    `known` is the profile to begin with, whose fields stand filled in; `reason` says why it is asked again. With
    `only_saves` a profile is changed and nobody signs in: then a name is needed, a secret is not. Tests of the
    connection run in `tasks` by `check_one`; closing the dialog, or changing what they tested, ends them.
    """

    def __init__(
        self,
        profiles: Profiles,
        parent: QWidget,
        tasks: Tasks,
        *,
        known: Profile | None = None,
        reason: str = "",
        only_saves: bool = False,
        check_one: Check = check_briefly,
    ) -> None:
        super().__init__(parent)
        self._title = _("Edit a saved cluster") if only_saves else _("Connect to a gateway")
        self.setWindowTitle(self._title)
        self.setFixedWidth(_WIDTH_PX)
        self._profiles = profiles
        self._known = known
        self._only_saves = only_saves
        self.answer: Answer | None = None
        self.address = AddressField()
        self.username = QLineEdit()
        self.password = QLineEdit()
        self.token = QLineEdit()
        self.name = QLineEdit()
        self.environment = QComboBox()
        self.plain_text = QCheckBox(_("Allow a plain-text connection"))
        self.keep = QCheckBox(_("Keep the password or token"))
        self.where = make_note()
        self.address_error, self.plain_text_error, self.error = (make_note(kind="problem") for _number in range(3))
        self.reason = make_note(reason, kind="problem")
        self._form = QFormLayout()
        self.test = ConnectionTest(tasks, check_one)
        self.buttons = QDialogButtonBox()
        self._build()
        self.more = MoreRows(self._form)
        if known is not None:
            self._fill(known)
        self._connect()
        self._follow_address()
        self._follow_name(self.name.text())

    def show_where(self, sentence: str, *, is_persistent: bool) -> None:
        """Say where secrets are kept, once that is known."""
        show_text(self.where, sentence)
        self.keep.setEnabled(True)
        self.keep.setText(
            _("Keep the password or token") if is_persistent else _("Keep the password or token for this session")
        )
        self._fit()

    def accept(self) -> None:
        """Check everything, save the profile where it has a name, and close; or stay, with what is wrong in words."""
        profile = self._profile()
        target = self._target(profile)
        if target is None or not (self._only_saves or self._has_who(target)):
            return
        if self._only_saves and not profile.name:
            self._show_error(self.error, _("A saved cluster needs a name."), self.name)
            return
        if profile.name:
            try:
                self._profiles.save(profile)
            except ProfileError as error:
                self._show_error(self.error, str(error), self.name)
                return
        keeps = self.keep.isChecked() and bool(profile.name)
        self.answer = Answer(target, profile.id if keeps else "")
        super().accept()

    def _start_test(self) -> None:
        """Test what is typed, without saving it."""
        target = self._target(self._profile())
        if target is None or not self._has_who(target):
            return
        if self._only_saves and not (target.credentials.password or target.credentials.token):
            sentence = _("To test the connection, type the password or a token: what is kept is not read here.")
            self._show_error(self.error, sentence, self.password)
            return
        self.test.start(target)

    def _target(self, profile: Profile) -> Target | None:
        """Make the target of what is typed; None, and what is wrong in words, where it is none."""
        for label in (self.address_error, self.error):
            label.setVisible(False)
        self.more.show_ca_error("")
        try:
            return make_target(profile, self._credentials())
        except TargetError as error:
            self._show_wrong(error)
            return None

    def _has_who(self, target: Target) -> bool:
        if target.credentials.username or target.credentials.token:
            return True
        self._show_error(self.error, _("Who signs in? Type a user name, or a token."), self.username)
        return False

    def _credentials(self) -> Credentials:
        """Give what was typed. Beside a token, a name without a password cannot log in: then the token is all."""
        username, password = self.username.text().strip(), self.password.text()
        # People paste it with the line's end, and as it stands in the header.
        token = self.token.text().strip().removeprefix("Bearer ").strip()
        return Credentials(username if password or not token else "", password, token)

    def _fit(self) -> None:
        """Grow by a sentence that appeared, and shrink by one that went."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(_WIDTH_PX, layout.totalHeightForWidth(_WIDTH_PX))

    def _profile(self) -> Profile:
        name = self.name.text().strip()
        known = self._known
        # To connect under another name is another profile; to edit the name is none.
        is_known = known is not None and bool(known.id) and (self._only_saves or known.name == name)
        profile_id = known.id if known is not None and is_known else ""
        if name and not profile_id:
            profile_id = self._new_id(name)
        is_same = known is not None and known.id == profile_id
        # Keys that this dialog does not show stay as they are.
        base = known if is_same and known is not None else Profile(id=profile_id, name=name, addresses=("",))
        return replace(
            base,
            name=name,
            addresses=self.address.addresses,
            username=self.username.text().strip(),
            environment=self.environment.currentText().strip(),
            ca_file=self.more.ca_file.text().strip(),
            allows_plain_text=self.plain_text.isVisibleTo(self) and self.plain_text.isChecked(),
            opaque_token_life_s=self.more.life_s,
        )

    def _new_id(self, name: str) -> str:
        try:
            return self._profiles.new_id(name)
        except ProfileError:
            return ""  # a broken file is told by `save`

    def _show_wrong(self, error: TargetError) -> None:
        match error.field:
            case "address":
                self._show_error(self.address_error, str(error), self.address)
            case "plain_text":
                self._show_error(self.plain_text_error, str(error), self.plain_text)
            case "token":
                self._show_error(self.error, str(error), self.token)
            case "ca_file":
                self.more.show_ca_error(str(error))
                self._show_error(self.more.ca_error, str(error), self.more.ca_file)

    def _show_error(self, label: QLabel, sentence: str, culprit: QWidget) -> None:
        show_text(label, sentence)
        label.setVisible(True)
        culprit.setAccessibleDescription(sentence)
        culprit.setFocus()
        self._fit()

    def _follow_address(self) -> None:
        self.address_error.setVisible(False)
        plain = [address for address in self._read_addresses() if not (address.is_encrypted or address.is_loopback)]
        self.plain_text.setVisible(bool(plain))
        self.plain_text_error.setVisible(bool(plain))
        if plain:
            show_text(self.plain_text_error, plain_text_warning(plain[0].host))
        self._fit()

    def _follow_name(self, name: str) -> None:
        has_name = bool(name.strip())
        self.keep.setVisible(has_name)
        self.where.setVisible(has_name)
        self._fit()

    def _read_addresses(self) -> tuple[Address, ...]:
        try:
            return parse_addresses(self.address.text())
        except AddressError:
            return ()

    def _fill(self, profile: Profile) -> None:
        self.address.setText("\n".join(profile.addresses))
        self.username.setText(profile.username)
        self.name.setText(profile.name)
        self.environment.setCurrentText(profile.environment)
        self.more.ca_file.setText(profile.ca_file)
        self.more.show_life(profile.opaque_token_life_s)
        self.more.unfold_if_used()
        self.plain_text.setChecked(profile.allows_plain_text)
        if self._only_saves:
            unchanged = _("Empty: what is kept stays")
            self.password.setPlaceholderText(unchanged)
            self.token.setPlaceholderText(unchanged)
        else:
            self.password.setFocus()

    def _connect(self) -> None:
        """Follow what is typed. What a test found is true of what it tested only."""
        self.address.textChanged.connect(self._follow_address)
        self.name.textChanged.connect(self._follow_name)
        self.address.textChanged.connect(self.test.clear)
        self.plain_text.toggled.connect(self.test.clear)
        for line in (self.username, self.password, self.token, self.more.ca_file):
            line.textChanged.connect(self.test.clear)
        self.test.requested.connect(self._start_test)
        self.test.resized.connect(self._fit)
        self.more.switch.toggled.connect(self._fit)
        self.finished.connect(self.test.stop)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def _build(self) -> None:
        self.username.setPlaceholderText("admin")
        for secret in (self.password, self.token):
            secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setPlaceholderText(_("Instead of a password, or used before it"))
        self.name.setPlaceholderText(_("A name, to find it again; empty: not saved"))
        self.environment.setEditable(True)
        self.environment.addItems(_ENVIRONMENTS)
        environment_line = self.environment.lineEdit()
        if environment_line is not None:
            environment_line.setPlaceholderText(_("None, or a word like PROD that the window always shows"))
        self.keep.setChecked(True)
        for hidden in (self.keep, self.where, self.address_error, self.plain_text_error, self.error):
            hidden.setVisible(False)
        self.reason.setVisible(bool(self.reason.text()))
        self._form.setHorizontalSpacing(PAD)
        self._form.setVerticalSpacing(GAP)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        below_address = (self.address_error, self.plain_text_error, self.plain_text)
        for text, name, control, below in (
            (_("&Address"), _("Addresses of the gateways"), self.address, below_address),
            (_("&User"), _("User name"), self.username, ()),
            (_("&Password"), _("Password"), self.password, ()),
            (_("&Token"), _("Token"), self.token, ()),
            (_("&Save as"), _("Name to save it under"), self.name, (self.keep, self.where)),
            (_("&Environment"), _("Environment word"), self.environment, ()),
        ):
            control.setAccessibleName(name)
            add_row(self._form, text, control, stacked(control, *below))
        connect = self.buttons.addButton(
            _("Save") if self._only_saves else _("Connect"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        connect.setDefault(True)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        last = QHBoxLayout()
        last.setSpacing(GAP)
        last.addWidget(self.test.button)
        last.addStretch(1)
        last.addWidget(self.buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(PAD + SPACE, PAD + SPACE, PAD + SPACE, PAD)
        column.setSpacing(PAD)
        column.addWidget(make_label(self._title, font=ui_font(13, QFont.Weight.DemiBold)))
        column.addWidget(self.reason)
        column.addLayout(self._form)
        column.addWidget(self.error)
        column.addWidget(self.test)
        column.addStretch(1)
        column.addLayout(last)
