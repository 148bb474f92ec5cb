"""docs/gateway.md: each test that it names exists, and each limit, close code and metric stands there as it is."""

import ast
import dataclasses
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import msgspec
import pytest

from helios_gateway.admission.limits import Limits
from helios_gateway.admission.refusals import Abused, LoginRefused, Refused
from helios_gateway.configuration.config import Config
from helios_gateway.described.asyncapi import CLOSE_CODES
from helios_gateway.metrics import Metrics
from helios_gateway.service.exposition import Exposition
from helios_gateway.service.health import Gauges

ROOT: Final = Path(__file__).parents[3]
DOCUMENT: Final = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8")
LISTS: Final = {"Best practices": 5, "Security considerations": 6, "Performance tips": 5}
"""How many lines each of the guide's lists has."""
_TEST: Final = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def section(title: str) -> str:
    """What stands below a heading."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def rows(title: str) -> list[list[str]]:
    """The cells of the table in a section, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names_in(path: Path) -> set[str]:
    """The functions of a module, those of its classes too."""
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize(("title", "count"), LISTS.items())
def test_every_line_of_the_guides_lists_has_a_row_with_its_tests(title: str, count: int) -> None:
    told = rows(title)
    assert [line.partition(".")[0] for line, *_ in told] == [str(number) for number in range(1, count + 1)]
    assert [line for line, how, tests in told if not how or not _names_tests(tests)] == []


def _names_tests(cell: str) -> bool:
    named = _TEST.findall(cell)
    return bool(named) and all(name for _, name in named)


def test_every_test_that_is_named_exists() -> None:
    named = _TEST.findall(DOCUMENT)
    assert named
    assert [f"{file}::{name}" for file, name in named if not _exists(file, name)] == []


def _exists(file: str, name: str) -> bool:
    path = ROOT / file
    return path.is_file() and (not name or name in names_in(path))


def test_every_limit_is_named_with_its_default() -> None:
    told: dict[str, str] = {}
    for keys, defaults, _ in rows("Limits"):
        names = re.findall(r"`(\w+)`", keys)
        values = defaults.split(", ") if defaults[0].isdigit() else [defaults] * len(names)
        told |= dict(zip(names, values, strict=True))
    assert told == {
        field.name: "by the open files that the system allows"
        if field.default is dataclasses.MISSING
        else str(field.default)
        for field in dataclasses.fields(Limits)
    }


def test_every_close_code_is_named_once() -> None:
    told = [int(code) for codes, *_ in rows("Close codes") for code in codes.split(", ")]
    assert sorted(told) == sorted(CLOSE_CODES)


def families() -> dict[str, set[str]]:
    """The gateway's metrics with the names of their labels."""
    metrics = Metrics()
    for counts in (metrics.logins, metrics.refused, metrics.abused, metrics.resumed, metrics.published):
        counts["x"] += 1
    metrics.closed[4401] += 1
    gauges = Gauges(sockets={"node1": 1}, connections=1, running={"node1": True}, is_ready=True)
    text, _ = Exposition(metrics, lambda: gauges).text("text/plain")
    found: dict[str, set[str]] = {}
    for line in text.decode().splitlines():
        sample = re.match(r"(helios_gateway_\w+)(?:\{(\w+)=.*\})? ", line)
        if sample is not None:
            found.setdefault(sample[1], set()).update({sample[2]} if sample[2] else ())
    return found


def test_every_metric_is_named_with_its_label() -> None:
    told = {name.strip("`"): set(re.findall(r"`(\w+)`", what)) for name, what in rows("Looking after it")}
    assert told == families()


@pytest.mark.parametrize(
    ("metric", "reasons"),
    [
        ("logins", {"ok", "wrong", "disabled", "reused", *get_args(LoginRefused)}),
        ("refused", set(get_args(Refused))),
        ("abused", set(get_args(Abused))),
        ("resumed", {"whole", "gone", "other_boot"}),
    ],
)
def test_every_reason_is_named(metric: str, reasons: set[str]) -> None:
    what = next(what for name, what in rows("Looking after it") if metric in name)
    assert set(what.rpartition(": ")[2].split(", ")) == reasons


def test_the_lives_of_tokens_are_the_defaults() -> None:
    tokens = Config().tokens
    told = re.findall(r"`(\w+_s)`, ([\d ]+) s", section("Tokens"))
    assert {key: int(seconds.replace(" ", "")) for key, seconds in told} == msgspec.structs.asdict(tokens)


def test_the_example_of_a_configuration_has_only_keys_that_exist() -> None:
    (example,) = _fenced("toml")
    told = tomllib.loads(example)
    assert msgspec.convert(told, Config).server.port == told["server"]["port"]


def _fenced(language: str) -> Iterator[str]:
    return (match[1] for match in re.finditer(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL))
