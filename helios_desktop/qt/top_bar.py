"""The line above everything: how the connection stands, or that this is a replay; which cluster; who leads; Hold."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy

from helios_desktop.monitor.replay import Replay
from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.disputes import MARK, claim_text, two_leaders
from helios_desktop.qt.labels import fill, make_label, show_text, show_tip, tint
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.standing import is_unheard, standing
from helios_desktop.qt.style_sheet import GAP, PAD, SPACE
from helios_desktop.qt.theme import GLYPHS, LEVEL_GLYPHS, Theme, ui_font
from helios_desktop.qt.times import TimeStyle, clock_text, full_text, span_text
from helios_desktop.store.state import ClusterState, Role
from helios_desktop.store.verdict import is_picture_old
from helios_desktop.words import _


class TopBar(QFrame):
    """Shows a monitor's standing. While held, the leader sentence stands still; the connection's phase never does.

    A replay has a word of its own in place of a phase: what was live then must not look so now.
    """

    hold_toggled = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("kind", "panel")
        self._theme = theme
        self._style = TimeStyle.UTC
        self._monitor: Watched | None = None
        self._held: tuple[ClusterState, int, int] | None = None
        self.glyph = make_label(font=ui_font(11))
        self.phase = make_label(font=ui_font(weight=QFont.Weight.Medium))
        self.live = make_label(kind="dim")
        self.replay = make_label(_("REPLAY"), font=ui_font(9, QFont.Weight.DemiBold))
        self.name = make_label(font=ui_font(10.5, QFont.Weight.DemiBold))
        self.environment = make_label(font=ui_font(8, QFont.Weight.DemiBold))
        self.leader_glyph = make_label(font=ui_font(11))
        self.leader = make_label(font=ui_font(10.5, QFont.Weight.Medium))
        self.held = make_label()
        self.hold = QPushButton()
        self._build()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.refresh()

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self._style = style
        self.refresh()

    def show_monitor(self, monitor: Watched | None) -> None:
        """Watch this one from now on."""
        self._monitor = monitor
        self._held = None
        self.refresh()

    def set_held(self, held_at_ns: int | None) -> None:
        """Say that the view stands still since then, and how much came meanwhile."""
        if held_at_ns is None or self._monitor is None:
            self._held = None
        else:
            self._held = (self._monitor.state, held_at_ns, self._monitor.log.end)
        self.refresh()

    def refresh(self) -> None:
        """Draw what changed."""
        monitor = self._monitor
        is_replay = isinstance(monitor, Replay)
        self.replay.setVisible(is_replay)
        for label in (self.glyph, self.phase, self.live):
            label.setVisible(not is_replay)
        self.hold.setVisible(monitor is not None and not is_replay)
        self.hold.setChecked(self._held is not None)
        self.hold.setText(_("Back to live") if self._held is not None else _("Hold"))
        if monitor is None:
            for label in (self.glyph, self.phase, self.live, self.leader_glyph, self.leader, self.held):
                show_text(label, "")
            show_text(self.name, _("No cluster chosen"))
            self.environment.setVisible(False)
            return
        now_ns = monitor.now_ns()
        fill(self.replay, self._theme.replay)
        tint(self.replay, self._theme.panel)
        self._show_phase(monitor, now_ns)
        self._show_name(monitor)
        if self._held is None:
            self._show_leader(monitor.state, now_ns)
            show_text(self.held, "")
        else:
            state, held_at_ns, end = self._held
            self._show_leader(state, held_at_ns)
            new = count_text(monitor.log.end - end)
            at = clock_text(held_at_ns, self._style)
            show_text(self.held, _("Held at {at}  ·  +{n} new").format(at=at, n=new))
            tint(self.held, self._theme.hold)
            show_tip(self.held, full_text(held_at_ns, self._style))

    def _show_phase(self, monitor: Watched, now_ns: int) -> None:
        stands = standing(monitor.state, now_ns)
        colour = self._theme.level_colour(stands.level)
        show_text(self.glyph, LEVEL_GLYPHS[stands.level])
        tint(self.glyph, colour)
        show_text(self.phase, stands.text)
        tint(self.phase, colour)
        through = _("through another window") if monitor.is_following else ""
        show_text(self.live, "  ·  ".join(part for part in (stands.live_text, through) if part))

    def _show_name(self, monitor: Watched) -> None:
        target = monitor.target
        show_text(self.name, target.name)
        show_tip(self.name, "\n".join(str(address) for address in target.addresses))
        self.environment.setVisible(bool(target.environment))
        show_text(self.environment, target.environment)
        # Production is the one word that stands out by being solid.
        is_solid = target.environment.upper().startswith("PROD")
        fill(self.environment, self._theme.text if is_solid else self._theme.line)
        tint(self.environment, self._theme.panel if is_solid else self._theme.text)

    def _show_leader(self, state: ClusterState, now_ns: int) -> None:
        glyph, text, role = leader_words(state, now_ns)
        show_text(self.leader_glyph, glyph)
        tint(self.leader_glyph, self._theme.role_colour(role))
        show_text(self.leader, text)
        colour = self._theme.text if role is Role.LEADER else self._theme.text_dim
        tint(self.leader, self._theme.problem if role is Role.UNREACHABLE else colour)
        since_ns = state.leader_since_ns
        show_tip(self.leader, "" if since_ns is None else _("Since {at}").format(at=full_text(since_ns, self._style)))

    def _build(self) -> None:
        for badge in (self.environment, self.replay):
            badge.setContentsMargins(SPACE + 1, 1, SPACE + 1, 1)
        self.environment.setAccessibleName(_("Environment"))
        self.hold.setCheckable(True)
        self.hold.setProperty("kind", "hold")
        self.hold.setToolTip(_("Freeze the view; collecting goes on (Space, and L for back to live)"))
        self.hold.setAccessibleName(_("Hold the view"))
        self.hold.clicked.connect(self.hold_toggled)
        self.name.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(PAD, SPACE + 1, GAP, SPACE + 1)
        row.setSpacing(GAP)
        for label in (self.replay, self.glyph, self.phase, self.live):
            row.addWidget(label)
        row.addSpacing(PAD)
        row.addWidget(self.name)
        row.addWidget(self.environment)
        row.addStretch(1)
        row.addWidget(self.leader_glyph)
        row.addWidget(self.leader)
        row.addStretch(1)
        row.addWidget(self.held)
        row.addWidget(self.hold)


def leader_words(state: ClusterState, now_ns: int) -> tuple[str, str, Role]:
    """Glyph, sentence and look of who leads: `★ node3 leads term 42 for 3 h 12 m`. Of two that claim it, both.

    Who led already when we first looked has led for at least as long as we know it. What is old has no age that grows.
    """
    since_ns = state.leader_since_ns
    claimed = two_leaders(state)
    if claimed is not None and not is_picture_old(state, now_ns):
        return MARK, claim_text(*claimed), Role.UNREACHABLE
    if state.leader is not None and is_unheard(state, now_ns):
        told = _("{node} led when last heard").format(node=state.leader)
        return GLYPHS[Role.UNKNOWN], told, Role.UNKNOWN
    if state.leader is not None and since_ns is not None:
        age = span_text(max(0, now_ns - since_ns))
        has_seen_change = len(state.leaderships) > 1
        term = "—" if state.term is None else count_text(state.term)
        if has_seen_change:
            text = _("{node} leads term {term} for {age}")
        else:
            text = _("{node} leads term {term} for at least {age}")
        return GLYPHS[Role.LEADER], text.format(node=state.leader, term=term, age=age), Role.LEADER
    last = state.leaderships[-1] if state.leaderships else None
    if last is not None and last.leader is None and is_picture_old(state, now_ns):
        return GLYPHS[Role.UNKNOWN], _("Nobody led when last heard"), Role.UNKNOWN
    if last is not None and last.leader is None:
        age = span_text(max(0, now_ns - last.since_ns))
        return GLYPHS[Role.UNREACHABLE], _("No leader for {age}").format(age=age), Role.UNREACHABLE
    return GLYPHS[Role.UNKNOWN], _("Who leads is not told yet"), Role.UNKNOWN
