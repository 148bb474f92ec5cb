"""Asks where a gateway is and who signs in; what is wrong is said beside the field that is wrong."""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from helios_desktop.client.address import Address, AddressError, parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.monitor.target import Target
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.profile import Profile, ProfileError
from helios_desktop.qt.labels import make_label, make_note, show_text
from helios_desktop.qt.style_sheet import GAP, PAD, SPACE
from helios_desktop.qt.targets import TargetError, make_target, plain_text_warning
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
    `only_saves` a profile is changed and nobody signs in: then a name is needed, a secret is not.
    """

    def __init__(
        self,
        profiles: Profiles,
        parent: QWidget,
        *,
        known: Profile | None = None,
        reason: str = "",
        only_saves: bool = False,
    ) -> None:
        super().__init__(parent)
        self._title = _("Edit a saved cluster") if only_saves else _("Connect to a gateway")
        self.setWindowTitle(self._title)
        self.setFixedWidth(_WIDTH_PX)
        self._profiles = profiles
        self._known = known
        self._only_saves = only_saves
        self.answer: Answer | None = None
        self.address = QLineEdit()
        self.username = QLineEdit()
        self.password = QLineEdit()
        self.token = QLineEdit()
        self.name = QLineEdit()
        self.environment = QComboBox()
        self.ca_file = QLineEdit()
        self.plain_text = QCheckBox(_("Allow a plain-text connection"))
        self.keep = QCheckBox(_("Keep the password or token"))
        self.where = make_note()
        self.address_error, self.plain_text_error, self.ca_error, self.error = (
            make_note(kind="problem") for _number in range(4)
        )
        self.reason = make_note(reason, kind="problem")
        self.buttons = QDialogButtonBox()
        self._build()
        if known is not None:
            self._fill(known)
        self._follow_address()

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
        for label in (self.address_error, self.ca_error, self.error):
            label.setVisible(False)
        profile = self._profile()
        try:
            target = make_target(profile, self._credentials())
        except TargetError as error:
            self._show_wrong(error)
            return
        token = target.credentials.token
        if not (token.isascii() and token.isprintable() and " " not in token):
            self._show_error(
                self.error, _("The token holds a character that no token has: copy it again, as one line."), self.token
            )
            return
        if self._only_saves and not profile.name:
            self._show_error(self.error, _("A saved cluster needs a name."), self.name)
            return
        if not (self._only_saves or target.credentials.username or token):
            self._show_error(self.error, _("Who signs in? Type a user name, or a token."), self.username)
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
            addresses=(self.address.text().strip(), *base.addresses[1:]),
            username=self.username.text().strip(),
            environment=self.environment.currentText().strip(),
            ca_file=self.ca_file.text().strip(),
            allows_plain_text=self.plain_text.isVisibleTo(self) and self.plain_text.isChecked(),
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
            case "ca_file":
                self._show_error(self.ca_error, str(error), self.ca_file)

    def _show_error(self, label: QLabel, sentence: str, culprit: QWidget) -> None:
        show_text(label, sentence)
        label.setVisible(True)
        culprit.setAccessibleDescription(sentence)
        culprit.setFocus()
        self._fit()

    def _follow_address(self) -> None:
        self.address_error.setVisible(False)
        address = self._read_address()
        is_plain = address is not None and not address.is_encrypted and not address.is_loopback
        self.plain_text.setVisible(is_plain)
        self.plain_text_error.setVisible(is_plain)
        if address is not None and is_plain:
            show_text(self.plain_text_error, plain_text_warning(address.host))
        self._fit()

    def _follow_name(self, name: str) -> None:
        has_name = bool(name.strip())
        self.keep.setVisible(has_name)
        self.where.setVisible(has_name)
        self._fit()

    def _read_address(self) -> Address | None:
        try:
            return parse_address(self.address.text())
        except AddressError:
            return None

    def _choose_ca_file(self) -> None:
        dialog = QFileDialog(self, _("Choose a CA file"), "", _("Certificates (*.pem *.crt *.cer);;All files (*)"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.ca_file.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _fill(self, profile: Profile) -> None:
        self.address.setText(profile.addresses[0])
        self.username.setText(profile.username)
        self.name.setText(profile.name)
        self.environment.setCurrentText(profile.environment)
        self.ca_file.setText(profile.ca_file)
        self.plain_text.setChecked(profile.allows_plain_text)
        if self._only_saves:
            unchanged = _("Empty: what is kept stays")
            self.password.setPlaceholderText(unchanged)
            self.token.setPlaceholderText(unchanged)
        else:
            self.password.setFocus()

    def _build(self) -> None:
        self.address.setPlaceholderText("https://gateway.example.com:8443")
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
        self.ca_file.setPlaceholderText(_("The system's certificates"))
        self.keep.setChecked(True)
        self.keep.setVisible(False)
        self.where.setVisible(False)
        for label in (self.address_error, self.plain_text_error, self.ca_error, self.error):
            label.setVisible(False)
        self.reason.setVisible(bool(self.reason.text()))
        self.address.textChanged.connect(self._follow_address)
        self.name.textChanged.connect(self._follow_name)
        form = QFormLayout()
        form.setHorizontalSpacing(PAD)
        form.setVerticalSpacing(GAP)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, control, below in (
            (_("&Address"), self.address, (self.address_error, self.plain_text_error, self.plain_text)),
            (_("&User"), self.username, ()),
            (_("&Password"), self.password, ()),
            (_("&Token"), self.token, ()),
            (_("Save &as"), self.name, (self.keep, self.where)),
            (_("&Environment"), self.environment, ()),
        ):
            _add_row(form, text, control, _stacked(control, *below))
        _add_row(form, _("CA &file"), self.ca_file, _stacked(self._ca_row(), self.ca_error))
        for text, field_widget in (
            (_("Address of the gateway"), self.address),
            (_("User name"), self.username),
            (_("Password"), self.password),
            (_("Token"), self.token),
            (_("Name to save it under"), self.name),
            (_("Environment word"), self.environment),
            (_("CA file"), self.ca_file),
        ):
            field_widget.setAccessibleName(text)
        connect = self.buttons.addButton(
            _("Save") if self._only_saves else _("Connect"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        connect.setDefault(True)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(PAD + SPACE, PAD + SPACE, PAD + SPACE, PAD)
        column.setSpacing(PAD)
        column.addWidget(make_label(self._title, font=ui_font(13, QFont.Weight.DemiBold)))
        column.addWidget(self.reason)
        column.addLayout(form)
        column.addWidget(self.error)
        column.addStretch(1)
        column.addWidget(self.buttons)

    def _ca_row(self) -> QWidget:
        row = QWidget()
        choose = QPushButton(_("Choose…"))
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose_ca_file)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self.ca_file, 1)
        layout.addWidget(choose)
        return row


def _stacked(*widgets: QWidget) -> QVBoxLayout:
    """One field of the form, with what belongs to it below it. No widget around: it would cut wrapped text off."""
    layout = QVBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(SPACE)
    for widget in widgets:
        layout.addWidget(widget)
    return layout


def _add_row(form: QFormLayout, text: str, control: QWidget, layout: QVBoxLayout) -> None:
    label = QLabel(text)
    label.setBuddy(control)
    form.addRow(label, layout)
