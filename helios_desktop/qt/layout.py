"""Where the window's panels stand, kept between runs; what makes no sense on this screen is not restored."""

from typing import Final

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt
from PySide6.QtWidgets import QFrame, QMainWindow, QScrollArea, QSplitter, QVBoxLayout, QWidget

from helios_desktop.qt.labels import make_panel
from helios_desktop.qt.style_sheet import SPACE
from helios_desktop.words import _

SIZE: Final = (1280, 800)
MINIMUM: Final = (960, 600)
_VERSION: Final = 2
_SIDES_PX: Final = (278, 744, 250)
_CENTRE_PX: Final = (260, 300)


class Layout:
    """The three columns: what one switches, what one watches, what one looks into."""

    def __init__(
        self, *, left: tuple[QWidget, ...], overview: QWidget, charts: QWidget, timeline: QWidget, right: QWidget
    ) -> None:
        self.left = _Column(left)
        self.panels: dict[str, QWidget] = {
            "left": self.left,
            "overview": overview,
            "charts": _framed(charts),
            "timeline": _framed(timeline),
            "inspector": _framed(right),
        }
        """By their keys in `panel_names`."""
        self.centre = QSplitter(Qt.Orientation.Vertical)
        self.centre.addWidget(self.panels["charts"])
        self.centre.addWidget(self.panels["timeline"])
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE)
        column.addWidget(overview)
        column.addWidget(self.centre, 1)
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        for widget in (self.left, middle, self.panels["inspector"]):
            self.columns.addWidget(widget)
        for splitter in (self.columns, self.centre):
            splitter.setHandleWidth(SPACE)
            splitter.setChildrenCollapsible(False)
        self.columns.setStretchFactor(1, 1)
        self.centre.setStretchFactor(0, 1)
        self.centre.setStretchFactor(1, 1)
        right.setMinimumWidth(240)
        middle.setMinimumWidth(420)
        charts.setMinimumHeight(190)
        timeline.setMinimumHeight(190)
        self.reset()

    def reset(self) -> None:
        """Go back to where everything stood at first."""
        self.columns.setSizes(list(_SIDES_PX))
        self.centre.setSizes(list(_CENTRE_PX))

    def save(self, settings: QSettings, window: QMainWindow) -> None:
        """Keep it for the next run."""
        settings.setValue("version", _VERSION)
        settings.setValue("geometry", window.saveGeometry())
        settings.setValue("columns", self.columns.saveState())
        settings.setValue("centre", self.centre.saveState())

    def restore(self, settings: QSettings, window: QMainWindow) -> None:
        """Take what was kept, if it is there and of this version; Qt brings the window onto a screen that exists."""
        window.resize(*SIZE)
        if settings.value("version", 0, int) != _VERSION:
            return
        geometry, columns, centre = (settings.value(key) for key in ("geometry", "columns", "centre"))
        if isinstance(geometry, QByteArray):
            window.restoreGeometry(geometry)
        if isinstance(columns, QByteArray):
            self.columns.restoreState(columns)
        if isinstance(centre, QByteArray):
            self.centre.restoreState(centre)


def panel_names() -> dict[str, str]:
    """Give the panels that one can hide, by their keys, in the order of the menu."""
    return {
        "left": _("Subscriptions and demo"),
        "overview": _("Overview"),
        "charts": _("Graphs"),
        "timeline": _("Timeline"),
        "inspector": _("Inspector"),
        "history": _("Overview of all that is recorded"),
    }


def _framed(widget: QWidget) -> QFrame:
    """Put a panel on its ground."""
    frame = make_panel()
    column = QVBoxLayout(frame)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(widget)
    return frame


class _Column(QScrollArea):
    """Widgets below each other; it scrolls downwards only, so that it is as wide as the widest needs."""

    def __init__(self, widgets: tuple[QWidget, ...]) -> None:
        super().__init__()
        self._ground = QWidget()
        self._ground.setProperty("kind", "ground")
        column = QVBoxLayout(self._ground)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE)
        for widget in widgets:
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(self._ground)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def minimumSizeHint(self) -> QSize:
        """Leave room for the scroll bar, which comes and goes."""
        width = self._ground.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width, super().minimumSizeHint().height())
