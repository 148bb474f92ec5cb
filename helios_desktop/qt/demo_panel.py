"""Faults for the demo cluster, one click each, and what other clients need to join it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout

from helios_desktop.monitor.demo import DemoAccess
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.qt.labels import make_label, make_note, make_rule, show_text, show_tip, tint
from helios_desktop.qt.style_sheet import GAP, PAD, SPACE
from helios_desktop.qt.tasks import Tasks
from helios_desktop.qt.theme import GLYPHS, Theme, ui_font
from helios_desktop.store.state import ClusterState, Role
from helios_desktop.words import _

SLOW_MS: Final = 200
LOSS: Final = 0.3
_SPEEDS: Final = (1, 5, 10, 50)
_LEADER: Final = ""
"""The choice that follows whoever leads."""


class DemoPanel(QFrame):
    """Shown only for the gateway that this program started. A fault's answer is written below the buttons."""

    fault_done = Signal(str)
    """A fault was answered: "" where it was done, else the sentence."""

    def __init__(self, theme: Theme, tasks: Tasks) -> None:
        super().__init__()
        self.setProperty("kind", "panel")
        self.setAccessibleName(_("Demo cluster"))
        self._theme = theme
        self._tasks = tasks
        self._monitor: Monitor | None = None
        self._demo: DemoAccess | None = None
        self._members: tuple[str, ...] = ()
        self._leader: str | None = None
        self.node = QComboBox()
        self.speed = QComboBox()
        self.buttons: dict[str, QPushButton] = {}
        self.copies: list[QPushButton] = []
        self.answer = make_note(kind="")
        self.address = make_label()
        self._build()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme

    def show_monitor(self, monitor: Monitor | None, demo: DemoAccess | None) -> None:
        """Act on this demo from now on; None hides the panel."""
        self._monitor = monitor
        self._demo = demo
        self.setVisible(monitor is not None and demo is not None)
        if demo is not None:
            show_text(self.address, demo.url.removeprefix("http://"))
            show_tip(self.address, _("{url}, user {user}").format(url=demo.url, user=demo.username))
        show_text(self.answer, "")
        self._members = ()
        self.refresh()

    def refresh(self) -> None:
        """Follow the members and the leader."""
        if self._monitor is None or self._demo is None:
            return
        state = self._monitor.state
        members = tuple(state.nodes)
        if members == self._members and state.leader == self._leader and self.node.count():
            return
        chosen = self.node.currentData()
        self._members, self._leader = members, state.leader
        self.node.clear()
        leader = _("the leader ({node})").format(node=state.leader) if state.leader else _("the leader (none now)")
        self.node.addItem(f"{GLYPHS[Role.LEADER]} {leader}", _LEADER)
        for member in members:
            self.node.addItem(member, member)
        self.node.setCurrentIndex(max(0, self.node.findData(chosen)))

    def _chosen(self, state: ClusterState) -> str | None:
        node: str = self.node.currentData() or ""
        return node or state.leader

    def _chosen_to_start(self, state: ClusterState) -> str | None:
        """Give the chosen node, but who leads runs already: then one that was stopped."""
        node: str = self.node.currentData() or ""
        return node or next((name for name, one in state.nodes.items() if one.role is Role.UNREACHABLE), None)

    def _click(self, name: str, fault: Mapping[str, object], key: str, _is_checked: bool = False) -> None:
        self._inject(name, fault, key=key)

    def _inject(self, name: str, fault: Mapping[str, object], *, key: str = "node") -> None:
        """Ask for a fault; `key` says where the chosen node belongs, "" where none does."""
        if self._monitor is None or self._demo is None:
            return
        body = dict(fault)
        if key:
            state = self._monitor.state
            is_start = fault.get("fault") == "start"
            node = self._chosen_to_start(state) if is_start else self._chosen(state)
            if node is None:
                nobody = _("No node is out of reach.") if is_start else _("Nobody leads now: choose a node.")
                self._show_answer(nobody, is_error=True)
                return
            body[key] = [node] if key == "nodes" else node
            name = f"{name}: {node}"
        self._show_answer(_("{fault} …").format(fault=name), is_error=False)
        self._tasks.start(self._ask(self._demo, name, body))

    async def _ask(self, demo: DemoAccess, name: str, body: Mapping[str, object]) -> None:
        error = await demo.fault(body)
        if demo is self._demo:
            self._show_answer(_("{fault} ✓").format(fault=name) if error is None else error, is_error=error is not None)
        self.fault_done.emit(error or "")

    def _show_answer(self, text: str, *, is_error: bool) -> None:
        show_text(self.answer, text)
        tint(self.answer, self._theme.problem if is_error else self._theme.text_dim)

    def _choose_speed(self, index: int) -> None:
        factor = _SPEEDS[index]
        self._inject(_("Speed {n}×").format(n=factor), {"fault": "speed", "factor": factor}, key="")

    def _copy(self, what: Callable[[DemoAccess], str], done: str, _is_checked: bool = False) -> None:
        if self._demo is not None:
            QGuiApplication.clipboard().setText(what(self._demo))
            self._show_answer(done, is_error=False)

    def _build(self) -> None:
        self.node.setAccessibleName(_("Node that the faults are for"))
        self.node.setToolTip(_("The node that the faults below are for"))
        self.speed.setAccessibleName(_("Speed of the simulation"))
        self.speed.setToolTip(_("How fast the simulated cluster's own time runs"))
        for factor in _SPEEDS:
            self.speed.addItem(f"{factor}×")
        self.speed.activated.connect(self._choose_speed)
        grid = QGridLayout()
        grid.setSpacing(SPACE)
        for number, (name, tip, fault, key) in enumerate(_faults()):
            button = QPushButton(name)
            button.setToolTip(tip)
            # A click leaves the focus where it was: the next Space is to hold the view, not to stop another leader.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(partial(self._click, name, fault, key))
            self.buttons[name] = button
            grid.addWidget(button, number // 2, number % 2)
        speed_row = QHBoxLayout()
        speed_row.addWidget(make_label(_("Speed"), kind="faint"))
        speed_row.addStretch(1)
        speed_row.addWidget(self.speed)
        grid.addLayout(speed_row, (len(_faults()) + 1) // 2, 0, 1, 2)
        copies = QHBoxLayout()
        copies.setSpacing(SPACE)
        for text, tip, what, done in (
            (_("Copy address"), _("For another client"), lambda demo: demo.url, _("Address copied.")),
            (_("Copy password"), _("Of the user admin"), lambda demo: demo.password, _("Password copied.")),
        ):
            button = QPushButton(text)
            button.setToolTip(tip)
            button.clicked.connect(partial(self._copy, what, done))
            copies.addWidget(button)
            self.copies.append(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(PAD, GAP, PAD, PAD)
        column.setSpacing(GAP)
        column.addWidget(make_label(_("DEMO CLUSTER"), kind="heading", font=ui_font(8.5, QFont.Weight.DemiBold)))
        column.addWidget(self.node)
        column.addLayout(grid)
        column.addWidget(self.answer)
        column.addWidget(make_rule())
        column.addWidget(self.address)
        column.addLayout(copies)
        self.setVisible(False)


def _faults() -> tuple[tuple[str, str, dict[str, object], str], ...]:
    """Name, tool tip, body without the node, and the key that the node goes under."""
    return (
        (_("Stop"), _("End the node's process; its disk stays"), {"fault": "stop"}, "node"),
        (
            _("Start"),
            _("Run the node again; with the leader chosen, the one that is out of reach"),
            {"fault": "start"},
            "node",
        ),
        (_("Partition"), _("Cut the node off from all others"), {"fault": "partition"}, "nodes"),
        (
            _("Mute"),
            _("Cut it off one way: what the node sends is lost, but it still hears"),
            {"fault": "partition", "one_way": True},
            "nodes",
        ),
        (
            _("Slow {n} ms").format(n=SLOW_MS),
            _("Delay each message from or to the node"),
            {"fault": "slow", "delay_ms": SLOW_MS},
            "node",
        ),
        (
            _("Lose {n} %").format(n=round(LOSS * 100)),
            _("Lose a share of the messages from or to the node"),
            {"fault": "lose", "loss": LOSS},
            "node",
        ),
        (_("Heal all"), _("End all partitions, delays and losses"), {"fault": "heal"}, ""),
        (_("Snapshot"), _("Let the node write a snapshot now"), {"fault": "snapshot"}, "node"),
        (_("Make leader"), _("Hand leadership to the node"), {"fault": "transfer"}, "node"),
        (_("Hand over"), _("Let the leader hand over to the node that is furthest"), {"fault": "transfer"}, ""),
        (_("Add node"), _("Start another node and bring it into the cluster"), {"fault": "add"}, ""),
        (_("Remove"), _("Take the node out of the cluster"), {"fault": "remove"}, "node"),
        (_("Pause"), _("Let the simulated cluster stand still"), {"fault": "pause"}, ""),
        (_("Resume"), _("Let it go on"), {"fault": "resume"}, ""),
        (_("Step 1 s"), _("Let one simulated second pass"), {"fault": "step", "seconds": 1}, ""),
    )
