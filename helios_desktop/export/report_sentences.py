"""How an incident is told: one sentence for each thing that there is to tell."""

from dataclasses import dataclass
from typing import Final, assert_never

from helios_desktop.event import (
    CommitProgress,
    ConnectionEvent,
    Event,
    Gap,
    LeaderChange,
    NodeCrashed,
    NodeReach,
    NodeRestarted,
    Severity,
    Slept,
    TermChange,
    severity_of,
)
from helios_desktop.export.report_lines import Break, Candidacy, Contradiction, Election, Line, Told
from helios_desktop.export.report_words import Clock, names_text, span_text
from helios_desktop.observation import Cause
from helios_desktop.protocol.messages import PeerChange, ServerError, StateChange
from helios_desktop.store.verdict import disagreement_text
from helios_desktop.summary import summary
from helios_desktop.words import _, ngettext

_AT_ONCE_NS: Final = 1_000_000
LONGEST: Final = 400
"""Characters of a sentence: a server's text may be of any length."""


@dataclass(frozen=True)
class Sentence:
    """One line of the story."""

    at_ns: int
    severity: Severity
    text: str


def sentence(line: Line, clock: Clock) -> Sentence:
    """Tell it; the text is translated, and has no time of its own beginning."""
    match line:
        case Election():
            severity = Severity.NOTICE if line.lost is None else Severity.PROBLEM
            text = _election(line, clock)
        case Candidacy():
            severity, text = Severity.WARNING, _candidacy(line, clock)
        case Contradiction():
            severity, text = severity_of(line.body.kind.value), _contradiction(line, clock)
        case Told():
            severity, text = line.event.severity, _told(line, clock)
        case Break():
            severity, text = Severity.WARNING, _break(line)
        case other:
            assert_never(other)
    return Sentence(line.at_ns, severity, text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def _election(line: Election, clock: Clock) -> str:
    won = line.won
    if line.lost is None:
        return "" if won is None else _taken_over(won)
    beginning = _("{node} stopped leading{term} ({reason})").format(
        node=line.lost.leader, term=_of_term(line.lost.term), reason=line.lost.reason
    )
    if line.is_unreachable:
        beginning = _("{beginning} and is out of reach").format(beginning=beginning)
    length = span_text(line.ended_ns - line.at_ns)
    losers = [name for name in line.candidates if won is None or name != won.new_leader]
    tried = _("; {nodes} stood for election").format(nodes=names_text(losers)) if losers else ""
    if won is None:
        without = _("{beginning}{tried}; there was no leader any more in the {length} that are known.")
        return without.format(beginning=beginning, tried=tried, length=length)
    whole = _("{beginning}{tried}; no leader for {length}; {time} {node} leads{again}{term}.")
    if line.ended_ns - line.at_ns < _AT_ONCE_NS:
        whole = _("{beginning}{tried}; at once {node} leads{again}{term}.")
    again = _(" again,") if won.new_leader == line.lost.leader else ""
    return whole.format(
        beginning=beginning,
        tried=tried,
        length=length,
        time=clock.time(line.ended_ns),
        node=won.new_leader,
        again=again,
        term=_of_term(won.term),
    )


def _taken_over(won: LeaderChange) -> str:
    term = _of_term(won.term)
    if won.old_leader is None:
        return _("{node} is found to lead{term}.").format(node=won.new_leader, term=term)
    if won.old_leader == won.new_leader:
        return _("{node} leads on, now{term}.").format(node=won.new_leader, term=term)
    took = _("{node} took over from {old} and leads{term}; no moment without a leader was seen.")
    return took.format(node=won.new_leader, old=won.old_leader, term=term)


def _candidacy(line: Candidacy, clock: Clock) -> str:
    nodes = names_text(line.nodes)
    if line.first_term is None or line.last_term is None or line.first_term == line.last_term:
        term = "" if line.last_term is None else _(" in term {term}").format(term=line.last_term)
        return _("{nodes} stood for election{term} and did not win.").format(nodes=nodes, term=term)
    again = _("{nodes} stood for election again and again in vain: the term rose from {first} to {last} until {time}.")
    return again.format(nodes=nodes, first=line.first_term, last=line.last_term, time=clock.time(line.last_ns))


def _contradiction(line: Contradiction, clock: Clock) -> str:
    text = disagreement_text(line.body)
    if line.count > 1:
        text += " " + _("It came up {n} times until {time}.").format(n=line.count, time=clock.time(line.last_ns))
    if line.over_ns is not None:
        text += " " + _("It was over at {time}.").format(time=clock.time(line.over_ns))
    return text


def _break(line: Break) -> str:
    length = span_text(line.until_ns - line.at_ns)
    if line.reason:
        return _("For {length} not all was recorded: {reason}.").format(length=length, reason=line.reason)
    return _("For {length} nothing was recorded: the program did not run.").format(length=length)


def _told(line: Told, clock: Clock) -> str:
    text = _of_body(line)
    if line.count > 1:
        times = _("{text} ({n} times until {time})")
        return times.format(text=text.removesuffix("."), n=line.count, time=clock.time(line.last_ns)) + "."
    return text


def _of_body(line: Told) -> str:  # noqa: C901 - one sentence a kind of fact
    body, event = line.event.body, line.event
    nodes = names_text(line.subjects)
    match body:
        case NodeReach():
            return _reach(line, body)
        case ConnectionEvent():
            return _connection(line, body)
        case Gap():
            return _gap(line, body)
        case NodeRestarted():
            return ngettext("{nodes} restarted.", "{nodes} restarted.", len(line.subjects)).format(nodes=nodes)
        case NodeCrashed():
            return _("{node} came up again after a crash ({n} in all).").format(node=body.node_id, n=body.new_crashes)
        case CommitProgress():
            words = _("Commits stand still at index {n}, although entries wait: for {age} by now.")
            if event.type == "commit_resumed":
                words = _("Commits go on, from index {n}, after {age}.")
            return words.format(n=body.commit_index, age=span_text(body.stalled_ns))
        case TermChange():
            return _("The term rose from {old} to {new}.").format(old=body.old_term, new=body.new_term)
        case Slept():
            age = span_text(body.until_ns - body.since_ns)
            return _("This machine slept or stood still for {age}: nothing was seen meanwhile.").format(age=age)
        case StateChange():
            return _role(event, body)
        case PeerChange():
            words = _("{peer} was added to the members.")
            if body.event_type == "removed":
                words = _("{peer} was removed from the members.")
            elif body.event_type != "added":
                words = _("{peer}: {change}.")
            return words.format(peer=body.peer_id, change=body.event_type)
        case ServerError():
            words = _("The gateway of {node} answers with an error: “{text}”.")
            return words.format(node=event.node or event.observer, text=body.error)
        case _:
            words = _("{observer} sent {type}: {text}.")
            return words.format(observer=event.observer, type=event.type, text=summary(event))


def _reach(line: Told, body: NodeReach) -> str:
    nodes, many = names_text(line.subjects), len(line.subjects)
    why = f": {body.reason}" if body.reason and many == 1 else ""
    lasted = ""
    if body.since_ns is not None and many == 1:
        lasted = _(", after {age}").format(age=span_text(line.event.at_ns - body.since_ns))
    match line.event.type:
        case "peer_unreachable":
            words = ngettext("{nodes} is out of reach{why}.", "{nodes} are out of reach{why}.", many)
        case "peer_reachable":
            words = ngettext("{nodes} is in reach again{lasted}.", "{nodes} are in reach again{lasted}.", many)
        case "node_silent":
            words = ngettext("{nodes} fell silent{why}.", "{nodes} fell silent{why}.", many)
        case _:
            words = ngettext("{nodes} is heard again{lasted}.", "{nodes} are heard again{lasted}.", many)
    return words.format(nodes=nodes, why=why, lasted=lasted)


def _role(event: Event, body: StateChange) -> str:
    node, term = event.node or event.observer, _of_term(body.term or None)
    if body.new_state.lower() == "leader":
        return _("{node} takes itself for the leader{term}.").format(node=node, term=term)
    if body.old_state.lower() == "leader":
        return _("{node} stepped down and is {role} now{term}.").format(
            node=node, role=body.new_state.lower(), term=_(", in term {term}").format(term=body.term) if term else ""
        )
    return _("{node} is {role} now, before {old}.").format(
        node=node, role=body.new_state.lower() or _("unknown"), old=body.old_state.lower() or _("unknown")
    )


def _connection(line: Told, body: ConnectionEvent) -> str:
    observers, many = names_text(line.subjects), len(line.subjects)
    why = "" if body.cause is Cause.NONE else f": {body.cause.value.replace('_', ' ')}"
    if body.detail and many == 1:
        why += f" ({body.detail})"
    if line.event.type == "connection_refused":
        words = ngettext("{observers} was given up{why}.", "{observers} were given up{why}.", many)
    else:
        words = ngettext(
            "The connection to {observers} was lost{why}.", "The connections to {observers} were lost{why}.", many
        )
    return words.format(observers=observers, why=why)


def _gap(line: Told, body: Gap) -> str:
    observers, age = names_text(line.subjects), span_text((body.until_ns or body.since_ns) - body.since_ns)
    match body.cause:
        case "disconnected" if body.lost == 0:
            words = ngettext(
                "For {age} there was no connection to {observers}; all that it had to tell came afterwards.",
                "For about {age} there was no connection to {observers}; all that they had to tell came afterwards.",
                len(line.subjects),
            )
        case "disconnected":
            words = ngettext(
                "For {age} there was no connection to {observers}: what it had to tell is missing.",
                "For about {age} there was no connection to {observers}: what they had to tell is missing.",
                len(line.subjects),
            )
        case "lost" if body.lost is None:
            words = _("Messages of {observers} were lost within {age}.")
        case "lost":
            words = ngettext(
                "{n} message of {observers} was lost within {age}.",
                "{n} messages of {observers} were lost within {age}.",
                body.lost or 0,
            )
        case _:
            words = _("For {age} “{topic}” of {observers} was switched off.")
    topic = "" if body.topic is None else body.topic.value
    return words.format(age=age, observers=observers, n=body.lost, topic=topic)


def _of_term(term: int | None) -> str:
    return "" if term is None else _(" term {term}").format(term=term)
