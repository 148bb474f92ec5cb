"""What a node's card says beside its figures: who told them, how old they are, what else is known. Pure functions."""

from typing import Final

from msgspec import Struct

from helios_desktop.protocol.history import UptimeEvent
from helios_desktop.protocol.messages import Stats, UptimeHistory
from helios_desktop.qt.quantities import UNKNOWN, count_text
from helios_desktop.qt.standing import STALE_AFTER_NS
from helios_desktop.qt.times import NS, TimeStyle, full_text, second_text, span_text
from helios_desktop.store.state import NodeState, Role
from helios_desktop.store.verdict import Level
from helios_desktop.words import _, ngettext

HISTORY_SHOWN: Final = 5


class Around(Struct, frozen=True, gc=False):
    """What a card shows that is not in the node's own picture.

    is_heard: any gateway tells anything
    teller:   what `NodeState.told_by` is called: the node that it speaks for, else its name
    dispute:  who contradicts whom about this node, as whole sentences; "" where nobody does
    level:    how grave that is
    """

    is_heard: bool
    teller: str = ""
    dispute: str = ""
    level: Level = Level.WARNING


def is_old(told_ns: int | None, now_ns: int) -> bool:
    """True where two beats passed since it was told, or nobody ever did."""
    return told_ns is None or now_ns - told_ns > STALE_AFTER_NS


def is_head_old(node: NodeState, now_ns: int) -> bool:
    """True where role and term must not look live. What an unreachable node told is old from the first second on."""
    return node.is_stale or node.role is Role.UNREACHABLE or is_old(node.told_ns, now_ns)


def is_own_old(node: NodeState, now_ns: int) -> bool:
    """True where that which only the node's own gateway tells must not look live."""
    return node.is_own_stale or node.role is Role.UNREACHABLE or is_old(node.own_ns, now_ns)


def is_measure_old(node: NodeState, told_ns: int | None, now_ns: int, beats: int = 1) -> bool:
    """True where what the leader tells of the node must not look live; `beats` for what comes less often."""
    return node.role is Role.UNREACHABLE or told_ns is None or now_ns - told_ns > beats * STALE_AFTER_NS


def ages_text(node: NodeState, teller: str, now_ns: int) -> tuple[str, bool]:
    """Who told it, where that is not its own gateway, and how old it is; True where that asks for attention."""
    if not node.told_by and node.lag_ns is not None:
        return _("only its lag is told, {age} ago").format(age=_age(node.lag_ns, now_ns)), False
    if not node.told_by:
        return _("only listed by its peers, told by nobody"), False
    parts, is_warning = [], False
    if not node.is_direct:
        parts.append(_teller_text(node, teller, now_ns))
        is_warning = is_head_old(node, now_ns)
        if node.own_ns is not None:
            parts.append(_("last heard {age} ago").format(age=_age(node.own_ns, now_ns)))
            is_warning = True
    elif is_head_old(node, now_ns):
        parts.append(_("last seen {age} ago").format(age=_age(node.told_ns, now_ns)))
        is_warning = True
    if node.latency_ns is not None and node.role is not Role.UNREACHABLE:
        parts.append(_("latency {age} ago").format(age=_age(node.latency_ns, now_ns)))
    if node.uptime_told_ns is not None and not is_own_old(node, now_ns):
        parts.append(_("uptime {age} ago").format(age=_age(node.uptime_told_ns, now_ns)))
    return "  ·  ".join(parts), is_warning


def age_text(node: NodeState, teller: str, now_ns: int, *, is_flat: bool) -> str:
    """The age beside the role. A flat card has no line for who told it; the full one says all that is old there."""
    if node.told_ns is None:
        return _("never seen") if is_flat else ""
    if is_flat and not node.is_direct:
        return _("as told by {teller}").format(teller=teller)
    is_said_below = not is_flat and is_head_old(node, now_ns)
    return "" if is_said_below else _("{age} ago").format(age=_age(node.told_ns, now_ns))


def _teller_text(node: NodeState, teller: str, now_ns: int) -> str:
    age = _age(node.told_ns, now_ns)
    if node.role is Role.UNREACHABLE:
        return _("as told by {teller} for {age}").format(teller=teller, age=age)
    if is_head_old(node, now_ns):
        return _("last told by {teller} {age} ago").format(teller=teller, age=age)
    return _("as told by {teller}").format(teller=teller)


def role_tip(node: NodeState, teller: str, now_ns: int) -> str:
    """Who told role and term, and when."""
    if not node.told_by:
        return _("Its peers list it, and no gateway told more of it")
    told = _("Told by its own gateway, {gateway}") if node.is_direct else _("Told by {teller}, not by its own gateway")
    lines = [told.format(gateway=node.told_by, teller=_both(teller, node.told_by))]
    if node.told_ns is not None:
        lines.append(full_text(node.told_ns, TimeStyle.UTC))
    if node.role is Role.UNKNOWN:
        reached = _("Its role is told by nobody; the leader reaches it")
        lines.insert(0, reached if node.is_reachable else _("Its role is told by nobody"))
    return "\n".join(lines)


def own_tip(node: NodeState, meaning: str, now_ns: int) -> str:
    """What a figure means that only the node's own gateway tells, and how old it is."""
    if node.own_ns is None:
        return f"{meaning}\n{_('Only the node’s own gateway tells it')}"
    return f"{meaning}\n{_('Told by its own gateway {age} ago').format(age=_age(node.own_ns, now_ns))}"


def measure_tip(meaning: str, told_ns: int | None, now_ns: int) -> str:
    """The same of what follows from the leader's word."""
    return meaning if told_ns is None else f"{meaning}\n{_told_ago(told_ns, now_ns)}"


def latency_tip(node: NodeState, stats: Stats | None, now_ns: int) -> str:
    """All that is told of the calls to the node."""
    if stats is None:
        if node.role is Role.LEADER:
            return _("Does not apply: this node leads, and measures the way to the others")
        return _("Latency is measured by the leader, which has not told any to this node")
    lines = [_("From the leader to this node and back")]
    for name, value in (
        *(("min", stats.min_value_ms), ("avg", stats.avg_value_ms), ("p50", stats.p50_value_ms)),
        *(("p90", stats.p90_value_ms), ("p99", stats.p99_value_ms), ("max", stats.max_value_ms)),
    ):
        lines.append(f"{name}  {UNKNOWN if value is None else f'{value:.6g} ms'}")
    lines.append(ngettext("{n} call", "{n} calls", stats.count).format(n=count_text(stats.count)))
    if node.latency_ns is not None:
        lines.append(_told_ago(node.latency_ns, now_ns))
    return "\n".join(lines)


def uptime_tip(node: NodeState, now_ns: int) -> str:
    """This session, and what is told of those before."""
    if node.uptime_ns is None:
        return _("Only the node’s own gateway tells it")
    lines = [_("{s} s in this session, as told").format(s=f"{node.uptime_ns / NS:.3f}")]
    if node.uptime_told_ns is not None:
        lines.append(_told_ago(node.uptime_told_ns, now_ns))
    return "\n".join((*lines, *_history_lines(node.history)))


def _history_lines(history: UptimeHistory | None) -> list[str]:
    if history is None:
        return []
    lines = []
    stats = history.stats
    if stats is not None and (stats.total_restarts is not None or stats.total_crashes is not None):
        restarts, crashes = (
            UNKNOWN if count is None else count_text(count) for count in (stats.total_restarts, stats.total_crashes)
        )
        lines.append(_("Restarts: {restarts}, crashes: {crashes}").format(restarts=restarts, crashes=crashes))
    if history.events:
        lines.append(_("The last of its history (UTC):"))
        lines += [_history_line(event) for event in history.events[-HISTORY_SHOWN:]]
    return lines


def _history_line(event: UptimeEvent) -> str:
    at = UNKNOWN if event.at_ns is None else second_text(event.at_ns, TimeStyle.UTC)
    reason = f": {event.reason}" if event.reason else ""
    term = "" if not event.term else _(", term {term}").format(term=count_text(event.term))
    return f"{at}  {event.type}{term}{reason}"


def _both(teller: str, name: str) -> str:
    return name if teller in ("", name) else _("{gateway} ({node})").format(gateway=name, node=teller)


def _age(told_ns: int | None, now_ns: int) -> str:
    return UNKNOWN if told_ns is None else span_text(max(0, now_ns - told_ns))


def _told_ago(told_ns: int, now_ns: int) -> str:
    return _("Told {age} ago").format(age=_age(told_ns, now_ns))
