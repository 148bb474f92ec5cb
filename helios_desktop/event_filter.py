"""Which events are wanted: the one filter of timeline, exports and commands, in memory and on disk."""

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from helios_desktop.event import Event, Severity, severity_of
from helios_desktop.summary import summary
from helios_desktop.words import _

if TYPE_CHECKING:
    import regex

_MARKS: Final = "\u0300-\u0304\u0306-\u030c\u030f\u0311\u031b\u0323-\u0328\u032d\u032e\u0330\u0331"
_TOKEN: Final = re.compile(rf"(?:[^\W_]|[\ue000-\uf8ff])(?:[^\W_]|[\ue000-\uf8ff{_MARKS}])*")
_PLAIN_TOKEN: Final = re.compile(r"[a-z0-9]+")
_FOLDED: Final = str.maketrans("µſςϐϑϕϖϰϱϵẛι", "μsσβθφπκρεṡι")
"""Small letters that Python leaves as they are, and Unicode's simple case folding does not."""
SEPARATOR: Final = "\n"
"""Between the parts of what is searched: a pattern takes each for a line, with a beginning and an end."""


class EventFilter(Struct, frozen=True):
    """Which events are wanted: all that pass every part.

    types:        None for all
    hidden_types: left out even where `types` names them
    text:         words, each of which must begin a word of the row or of its raw text, whatever its case; "" for all
    pattern:      a regular expression that must be found in the row, whatever its case; "" for all
    severities:   None for all
    nodes, observers: by whom they are about and who told them; None for all
    hidden_nodes, hidden_observers: left out even so
    since_ns, until_ns: the first instant, and the first one after the last; None for no bound
    """

    types: frozenset[str] | None = None
    hidden_types: frozenset[str] = frozenset()
    text: str = ""
    severities: frozenset[Severity] | None = None
    nodes: frozenset[str] | None = None
    hidden_nodes: frozenset[str] = frozenset()
    observers: frozenset[str] | None = None
    hidden_observers: frozenset[str] = frozenset()
    pattern: str = ""
    since_ns: int | None = None
    until_ns: int | None = None

    @property
    def has_names(self) -> bool:
        """True where nodes or observers are chosen."""
        return (
            self.nodes is not None
            or self.observers is not None
            or bool(self.hidden_nodes)
            or bool(self.hidden_observers)
        )

    def admits_names(self, node: str, observer: str) -> bool:
        """True where an event about this node, told by this observer, passes the parts that are about them."""
        return (
            (self.nodes is None or node in self.nodes)
            and node not in self.hidden_nodes
            and (self.observers is None or observer in self.observers)
            and observer not in self.hidden_observers
        )

    def admits_type(self, event_type: str) -> bool:
        """True where an event of this type passes all that is about types and severities."""
        return (
            (self.types is None or event_type in self.types)
            and event_type not in self.hidden_types
            and (self.severities is None or severity_of(event_type) in self.severities)
        )

    @property
    def has_times(self) -> bool:
        """True where there is a bound."""
        return self.since_ns is not None or self.until_ns is not None

    def admits_time(self, at_ns: int) -> bool:
        """True within the bounds."""
        return (self.since_ns is None or at_ns >= self.since_ns) and (self.until_ns is None or at_ns < self.until_ns)


LONGEST_MATCH_S: Final = 0.05
"""Of a pattern, on one row."""
SHORTEST_BEGINNING: Final = 3
"""Fewer signs than that mean a whole word, and so do digits: too many words begin with them."""
Phrases = tuple[tuple[str, ...], ...]
"""Of each word of a search, its tokens, which must follow each other; the last may be the beginning of a longer one."""


def tokens(text: str) -> list[str]:
    """Runs of letters and digits in lower case, as SQLite's tokenizer `unicode61` finds them.

    It knows Unicode 6.1, and takes what came later for letters; here that is as Python has it.
    """
    lower = text.lower()
    return _PLAIN_TOKEN.findall(lower) if lower.isascii() else _TOKEN.findall(lower.translate(_FOLDED))


def phrases(text: str) -> Phrases:
    """What a search looks for. `localhost:80` is one word of two tokens."""
    return tuple(found for word in text.split() if (found := tuple(tokens(word))))


def may_begin(token: str) -> bool:
    """True where the last token of a phrase may be the beginning of a longer one."""
    return len(token) >= SHORTEST_BEGINNING and not token.isdigit()


def has_phrases(wanted: Phrases, *told: list[str]) -> bool:
    """True where each phrase stands in the tokens of one of the texts."""
    return all(any(_has(phrase, text) for text in told) for phrase in wanted)


def _has(phrase: tuple[str, ...], told: list[str]) -> bool:
    *whole, last = phrase
    begins = may_begin(last)
    if not whole:
        return last in told or (begins and any(token.startswith(last) for token in told))
    first, length = whole[0], len(whole)
    return any(
        token == last or (begins and token.startswith(last))
        for at, token in enumerate(told[length:])
        if told[at] == first and told[at : at + length] == whole
    )


class PatternError(ValueError):
    """The pattern cannot be searched for; the message is a sentence for the user."""


class Finder:
    """Looks for the text and the pattern of a filter. Raises `PatternError` where the pattern is none."""

    def __init__(self, chosen: EventFilter) -> None:
        self._phrases = phrases(chosen.text)
        self._pattern = _compile(chosen.pattern) if chosen.pattern else None

    @property
    def is_idle(self) -> bool:
        """True where there is nothing to look for."""
        return not self._phrases and self._pattern is None

    @property
    def has_words(self) -> bool:
        """True where raw texts matter, too."""
        return bool(self._phrases)

    def finds(self, seen: str, raw: str) -> bool:
        """True where it is in what the eye sees of a row (`seen_text`), or words of it in its raw text.

        Raises `PatternError` where the pattern takes too long on this row: some never end.
        """
        if self._phrases and not has_phrases(self._phrases, tokens(seen), tokens(raw)):
            return False
        if self._pattern is None:
            return True
        try:
            return self._pattern.search(seen, timeout=LONGEST_MATCH_S, concurrent=True) is not None
        except TimeoutError:
            sentence = _("“{pattern}” takes too long on a row: make it simpler, without repeats of repeats.")
            raise PatternError(sentence.format(pattern=self._pattern.pattern)) from None


def _compile(pattern: str) -> "regex.Pattern[str]":
    # Few filters have one, and the window is to be there soon.
    import regex  # noqa: PLC0415 - see above

    try:
        return regex.compile(pattern, regex.IGNORECASE | regex.MULTILINE)
    except regex.error as error:
        sentence = _("“{pattern}” is no regular expression: {reason}.")
        raise PatternError(sentence.format(pattern=pattern, reason=error)) from None


def seen_text(summary: str, event_type: str, node: str, observer: str) -> str:
    """What the eye sees of a row, but for its time."""
    return SEPARATOR.join((summary, event_type, node, observer))


def finds_event(finder: Finder, event: Event) -> bool:
    """The same, of an event in memory."""
    return finder.is_idle or finder.finds(
        seen_text(summary(event), event.type, event.node, event.observer), event.observation.text
    )
