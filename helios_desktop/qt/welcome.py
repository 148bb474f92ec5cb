"""The first page: what one can do now, and the clusters that are saved."""

from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QPushButton, QScrollArea, QVBoxLayout, QWidget

from helios_desktop.profiles.profile import Profile
from helios_desktop.qt.labels import make_label, make_note, show_text
from helios_desktop.qt.style_sheet import GAP, PAD, SPACE
from helios_desktop.qt.targets import gateways_text
from helios_desktop.qt.theme import Theme, ui_font
from helios_desktop.words import _

_WIDTH_PX: Final = 440


class Welcome(QWidget):
    """Choices of equal rank. `set_busy` while one is being carried out, so that it is not asked for twice."""

    demo_requested = Signal()
    connect_requested = Signal()
    recording_requested = Signal()
    profile_requested = Signal(object)
    """A `Profile` was chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.demo = _choice(_("Try the demo cluster"))
        self.connect_ = _choice(_("Connect to a gateway…"))
        self.recording = _choice(_("Open a recording…"))
        self.profiles: list[QPushButton] = []
        self._saved = make_label(_("SAVED CLUSTERS"), kind="heading", font=ui_font(8.5, QFont.Weight.DemiBold))
        self.problem = make_note(kind="problem")
        self._list = QVBoxLayout()
        self._build()

    def set_theme(self, theme: Theme) -> None:
        """Nothing here is painted by hand."""

    def set_busy(self, is_busy: bool) -> None:
        """Let nothing be chosen while a choice is being carried out."""
        for button in (self.demo, self.connect_, self.recording, *self.profiles):
            button.setEnabled(not is_busy)

    def show_profiles(self, profiles: tuple[Profile, ...], problem: str = "") -> None:
        """List the saved clusters; `problem` says why they cannot be read."""
        for button in self.profiles:
            self._list.removeWidget(button)
            button.deleteLater()
        self.profiles = []
        for profile in profiles:
            word = f"  ·  {profile.environment}" if profile.environment else ""
            button = _choice(f"{profile.name}  ·  {gateways_text(profile)}{word}".replace("&", "&&"))
            button.clicked.connect(partial(self._choose, profile))
            self._list.addWidget(button)
            self.profiles.append(button)
        self._saved.setVisible(bool(profiles or problem))
        show_text(self.problem, problem)
        self.problem.setVisible(bool(problem))

    def _choose(self, profile: Profile, _is_checked: bool = False) -> None:
        self.profile_requested.emit(profile)

    def _build(self) -> None:
        self.demo.clicked.connect(self.demo_requested)
        self.connect_.clicked.connect(self.connect_requested)
        self.recording.clicked.connect(self.recording_requested)
        column = QWidget()
        column.setFixedWidth(_WIDTH_PX)
        inner = QVBoxLayout(column)
        inner.setContentsMargins(0, PAD, 0, PAD)
        inner.setSpacing(SPACE)
        inner.addWidget(make_label(_("Helios"), font=ui_font(22, QFont.Weight.DemiBold)))
        inner.addWidget(make_note(_("Watch a Raft cluster live: who leads, since when, and what changed.")))
        inner.addSpacing(2 * PAD)
        inner.addWidget(self.demo)
        inner.addWidget(make_note(_("Three nodes that really run Raft, in this program. Works offline."), kind="faint"))
        inner.addSpacing(GAP)
        inner.addWidget(self.connect_)
        inner.addWidget(make_note(_("Your own cluster: where its gateways are, and who signs in."), kind="faint"))
        inner.addSpacing(GAP)
        inner.addWidget(self.recording)
        inner.addWidget(make_note(_("What was seen before: play it again. Or drop a .helios file here."), kind="faint"))
        inner.addSpacing(2 * PAD)
        inner.addWidget(self._saved)
        inner.addWidget(self.problem)
        self._list.setSpacing(SPACE)
        inner.addLayout(self._list)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        ground = QWidget()
        ground.setProperty("kind", "ground")
        centre = QVBoxLayout(ground)
        centre.addStretch(2)
        centre.addWidget(column, 0, Qt.AlignmentFlag.AlignHCenter)
        centre.addStretch(3)
        scroll.setWidget(ground)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self.show_profiles(())


def _choice(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("kind", "choice")
    button.setAutoDefault(True)
    return button
