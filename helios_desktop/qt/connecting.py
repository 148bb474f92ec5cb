"""From a choice of the user to a monitor that is shown: asks for what is missing, one choice at a time."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget

from helios_desktop.client.credentials import Credentials
from helios_desktop.monitor.target import Target
from helios_desktop.profiles.profile import Profile, ProfileError
from helios_desktop.qt.connect_dialog import ConnectDialog
from helios_desktop.qt.dialogs import show_dialog
from helios_desktop.qt.host import Host
from helios_desktop.qt.targets import TargetError, make_target
from helios_desktop.qt.tasks import Tasks
from helios_desktop.words import _

Choice = Callable[[], Coroutine[Any, Any, str | None]]
"""Carries a choice out; gives None, or the sentence why it could not be."""


class Connecting:
    """Begins what was chosen as a task. While one is carried out, others are not begun.

    `say` is told a failure, `show_busy` that a choice is being carried out or is done, `list_profiles` that the
    saved clusters changed.
    """

    def __init__(
        self,
        host: Host,
        window: QWidget,
        tasks: Tasks,
        *,
        say: Callable[[str], None],
        show_busy: Callable[[bool], None],
        list_profiles: Callable[[], None],
    ) -> None:
        self._host = host
        self._window = window
        self._tasks = tasks
        self._say = say
        self._show_busy = show_busy
        self._list_profiles = list_profiles
        self._is_busy = False

    def start_demo(self) -> None:
        """Watch the demo cluster."""
        self._begin(self._host.start_demo)

    def ask(self) -> None:
        """Ask for a gateway, and watch it."""
        self._begin(partial(self._ask_where, None))

    def open_profile(self, profile: Profile) -> None:
        """Watch a saved cluster; asks for the secret where none is kept."""
        self._begin(partial(self._open, profile))

    def sign_in_again(self, target: Target) -> None:
        """Ask again for what the gateway refused, with the rest filled in."""
        self._begin(partial(self._ask_where, self._profile_of(target)))

    def edit(self, profile: Profile) -> None:
        """Ask what to change in a saved cluster; nobody connects."""
        self._begin(partial(self._edit, profile))

    def remove(self, profile: Profile) -> None:
        """Ask whether to forget a saved cluster and its secrets, and do it."""
        self._begin(partial(self._remove, profile))

    def _begin(self, choice: Choice) -> None:
        if not self._is_busy:
            self._is_busy = True
            self._show_busy(True)
            self._tasks.start(self._carry_out(choice))

    async def _carry_out(self, choice: Choice) -> None:
        try:
            sentence = await choice()
        finally:
            self._is_busy = False
            self._show_busy(False)
        if sentence:
            self._say(sentence)

    async def _open(self, profile: Profile) -> str | None:
        secrets = self._host.secrets
        token = await secrets.get(profile.id, "token")
        password = await secrets.get(profile.id, "password")
        if token is None and password is None:
            return await self._ask_where(profile)
        # Without its password a name cannot log in; then the token is all there is.
        username = profile.username if password is not None else ""
        try:
            target = make_target(profile, Credentials(username, password or "", token or ""))
        except TargetError as error:
            return await self._ask_where(profile, str(error))
        return await self._host.connect(target)

    async def _ask_where(self, known: Profile | None, reason: str = "") -> str | None:
        dialog = ConnectDialog(self._host.profiles, self._window, self._tasks, known=known, reason=reason)
        self._tasks.start(self._tell_where(dialog))
        try:
            result = await show_dialog(dialog)
        finally:
            dialog.deleteLater()
        answer = dialog.answer
        if result != QDialog.DialogCode.Accepted or answer is None:
            return None
        if answer.profile_id:
            await self._keep(answer.profile_id, answer.target.credentials)
        return await self._host.connect(answer.target)

    async def _keep(self, profile_id: str, credentials: Credentials) -> None:
        """Keep exactly what was typed: an old password beside a new token would be used one day."""
        secrets = self._host.secrets
        if credentials.has_login:
            await secrets.set(profile_id, "password", credentials.password)
        else:
            await secrets.forget(profile_id, "password")
        if credentials.token:
            await secrets.set(profile_id, "token", credentials.token)
        else:
            await secrets.forget(profile_id, "token")

    async def _edit(self, profile: Profile) -> str | None:
        dialog = ConnectDialog(self._host.profiles, self._window, self._tasks, known=profile, only_saves=True)
        self._tasks.start(self._tell_where(dialog))
        try:
            await show_dialog(dialog)
        finally:
            dialog.deleteLater()
        answer = dialog.answer
        if answer is None:
            return None
        typed = answer.target.credentials
        if answer.profile_id and (typed.password or typed.token):
            await self._keep(answer.profile_id, typed)
        self._list_profiles()
        return None

    async def _remove(self, profile: Profile) -> str | None:
        question = QMessageBox(self._window)
        question.setIcon(QMessageBox.Icon.Question)
        question.setTextFormat(Qt.TextFormat.PlainText)
        question.setWindowTitle(_("Remove a saved cluster"))
        question.setText(_("Remove “{name}” from the saved clusters?").format(name=profile.name))
        question.setInformativeText(_("Its password and token are forgotten too. The cluster itself is not touched."))
        remove = question.addButton(_("Remove"), QMessageBox.ButtonRole.DestructiveRole)
        question.setDefaultButton(question.addButton(QMessageBox.StandardButton.Cancel))
        try:
            await show_dialog(question)
        finally:
            question.deleteLater()
        if question.clickedButton() is not remove:
            return None
        try:
            self._host.profiles.remove(profile.name)
        except ProfileError as error:
            return str(error)
        for kind in ("password", "token"):
            await self._host.secrets.forget(profile.id, kind)
        self._list_profiles()
        return None

    async def _tell_where(self, dialog: ConnectDialog) -> None:
        secrets = self._host.secrets
        await secrets.prepare()
        if dialog.isVisible():
            dialog.show_where(secrets.where, is_persistent=secrets.is_persistent)

    def _profile_of(self, target: Target) -> Profile:
        try:
            known = self._host.profiles.by_id(target.profile_id)
        except ProfileError:
            known = None
        return known or Profile(
            id="",
            name="",
            addresses=tuple(str(address) for address in target.addresses),
            username=target.credentials.username,
            environment=target.environment,
            allows_plain_text=target.allows_plain_text,
            opaque_token_life_s=target.opaque_token_life_s,
        )
