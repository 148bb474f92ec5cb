"""Made-up names for hosts and addresses, the same for the same one everywhere in a recording.

First show a `HostFinder` every text there is, then let its `Disguise` rewrite them. Texts stay as they are but for the
names: what was broken JSON is as broken afterwards.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import AddressValueError, IPv6Address
from itertools import count
from typing import Final

import msgspec

_BEFORE: Final = r"(?:(?<![\w.-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[bfnrt]))"
_AFTER: Final = r"(?![\w-]|\.\w)"
# An address may touch a letter of another alphabet, or a hyphen; but neither digits nor dots that could be its own.
_BEFORE_ADDRESS: Final = r"(?:(?<![0-9A-Za-z_.:])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[bfnrt]))"
_V4: Final = r"\d{1,3}(?:\.\d{1,3}){3}(?![0-9A-Za-z_]|\.\d)"
_V6: Final = r"(?=[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:|::)[0-9A-Fa-f:.]{2,}"
_ADDRESS: Final = re.compile(f"{_BEFORE_ADDRESS}(?:(?P<v4>{_V4})|(?P<v6>{_V6}))", re.ASCII)
# Most texts have no address, and these find that out many times faster.
_LIKE_V4: Final = re.compile(r"\.\d{1,3}\.\d{1,3}\.\d", re.ASCII)
_LIKE_V6: Final = re.compile(r":[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:")
_OF_URL: Final = re.compile(r"[A-Za-z]://(?:[^/\s\"@]*@)?([\w.-]*\w)")
_PORT: Final = re.compile(r":(?<=[\w]:)\d{1,5}(?!\d)")
_DOTTED: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[^\W\d_][\w-]*")
_BARE: Final = re.compile(r"[^\W\d][\w-]*")
_TOLD: Final = re.compile(r"\"\w*addr(?:ess)?\"\s*:\s*\"([\w.-]*\w)", re.IGNORECASE)
_WITHIN_HOST: Final = "-._"
_LITERAL: Final = re.compile(r'"(?:[^"\\]|\\.)*\\(?:[^"\\]|\\.)*"', re.DOTALL)
_UNSPECIFIED: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - nothing is bound: they name nobody
_DOCUMENTED_V4: Final = ("192.0.2", "198.51.100", "203.0.113", *(f"198.{18 + n // 256}.{n % 256}" for n in range(512)))
"""RFC 5737, and the benchmark network of RFC 2544 for whoever has more: nobody's addresses."""
_encode: Final = msgspec.json.Encoder().encode


class HostFinder:
    """Gathers hosts and addresses. `reserved` are words that are no host, although one may bear their name."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self._reserved = frozenset(word.casefold() for word in reserved)
        self._hosts: dict[str, None] = {}
        self._v4: dict[str, None] = {}
        self._v6: dict[str, None] = {}

    def look_at(self, text: str) -> None:
        """Any text: a frame, an answer, a note, the name of an observer."""
        if _may_have_address(text):
            for found in _ADDRESS.finditer(text):
                self._add_address(found)
        if "://" in text:
            for url in _OF_URL.finditer(text):
                self._add_host(url[1])
        for port in _PORT.finditer(text):
            self._look_before(text, port.start(), text[port.end() : port.end() + 1])
        if "addr" in text:
            for told in _TOLD.finditer(text):
                self._add_host(told[1])
        for inner in _escaped(text):
            self.look_at(inner)

    def disguise(self) -> "Disguise":
        """Made-up names for all that was found, by the order in which it was."""
        hosts = _made_up(self._hosts, (f"host{number}.example" for number in count(1)))
        v4 = _made_up(self._v4, (f"{network}.{n}" for network in _DOCUMENTED_V4 for n in range(1, 255)))
        v6 = _made_up(self._v6, (IPv6Address((0x20010DB8 << 96) + number).compressed for number in count(1)))
        return Disguise(hosts, v4, v6)

    def _add_address(self, found: re.Match[str]) -> None:
        if found["v4"] is not None:
            if _is_v4(found["v4"]):
                self._v4[found["v4"]] = None
        elif (address := _v6_in(found["v6"])) is not None:
            self._v6[address.compressed] = None

    def _look_before(self, text: str, end: int, after: str) -> None:
        """What stands before a port. A name without a dot is a host only where it and its port are all there is."""
        begin = end
        while begin and (text[begin - 1].isalnum() or text[begin - 1] in _WITHIN_HOST):
            begin -= 1
        name = text[begin:end].lstrip(_WITHIN_HOST)
        is_alone = text[begin - 1 : begin] in {"", '"'} and after in {"", '"'}
        if _DOTTED.fullmatch(name) or (is_alone and _BARE.fullmatch(name)):
            self._add_host(name)

    def _add_host(self, host: str) -> None:
        name = host.casefold()
        if name not in self._reserved and name not in _UNSPECIFIED and not _is_v4(name):
            self._hosts[name] = None


class Disguise:
    """Rewrites texts."""

    def __init__(self, hosts: dict[str, str], v4: dict[str, str], v6: dict[str, str]) -> None:
        self._hosts = hosts
        self._v4 = v4
        self._v6 = v6
        # The longest first, since one may be the beginning of another.
        names = "|".join(re.escape(host) for host in sorted(hosts, key=len, reverse=True))
        self._named = re.compile(f"{_BEFORE}(?:{names}){_AFTER}", re.IGNORECASE) if names else None

    def text(self, text: str) -> str:
        """With made-up names."""
        if "\\" in text:
            text = _LITERAL.sub(self._literal, text)
        folded = text.casefold()
        if self._named is not None and any(host in folded for host in self._hosts):
            text = self._named.sub(lambda found: self._hosts.get(found[0].casefold(), found[0]), text)
        return _ADDRESS.sub(self._address, text) if _may_have_address(text) else text

    def _literal(self, found: re.Match[str]) -> str:
        plain = _decoded(found[0])
        if plain is None:
            return found[0]
        rewritten = self.text(plain)
        return found[0] if rewritten == plain else _encode(rewritten).decode()

    def _address(self, found: re.Match[str]) -> str:
        if found["v4"] is not None:
            return self._v4.get(found["v4"], found["v4"])
        address = _v6_in(found["v6"])
        if address is None:
            return found[0]
        written = _v6_text(found["v6"])
        return self._v6.get(address.compressed, written) + found["v6"][len(written) :]


def _may_have_address(text: str) -> bool:
    return "::" in text or _LIKE_V4.search(text) is not None or _LIKE_V6.search(text) is not None


def _made_up(found: Iterable[str], names: Iterator[str]) -> dict[str, str]:
    # What is made up must not be the name of another that is there.
    originals = dict.fromkeys(found)
    free = (name for name in names if name not in originals)
    return {original: next(free) for original in originals}


def _escaped(text: str) -> Iterator[str]:
    """The contents of JSON strings that are written with escapes, in which a name may hide."""
    if "\\" not in text:
        return
    for found in _LITERAL.finditer(text):
        plain = _decoded(found[0])
        if plain is not None:
            yield plain


def _decoded(literal: str) -> str | None:
    try:
        return msgspec.json.decode(literal, type=str)
    except (msgspec.MsgspecError, UnicodeError):
        return None


def _is_v4(text: str) -> bool:
    parts = text.split(".")
    is_address = len(parts) == 4 and all(part.isascii() and part.isdigit() and int(part) <= 255 for part in parts)
    return is_address and text not in _UNSPECIFIED


def _v6_text(candidate: str) -> str:
    """Without what ends a sentence, or begins an explanation."""
    for text in (candidate, candidate[:-1], candidate[:-2]):
        try:
            IPv6Address(text)
        except AddressValueError:
            continue
        return text
    return ""


def _v6_in(candidate: str) -> IPv6Address | None:
    text = _v6_text(candidate)
    return None if not text or text in _UNSPECIFIED else IPv6Address(text)
