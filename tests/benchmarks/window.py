"""Row 6: the live window under load, all panels visible, everything recorded; the gateway is a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from helios_desktop.journal.reader import Reader
from tests.benchmarks.row import Row

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 10
RATES_HZ: Final = (1_000, 5_000, 10_000, 20_000, 40_000)
STRETCH_HZ: Final = 40_000
PSS_MIB: Final = 250


@dataclass(frozen=True)
class Found:
    """What one run gave; gaps and clicks in seconds, sorted."""

    gaps_s: Sequence[float]
    clicks_s: Sequence[float]
    took_s: float
    sent_s: float
    lag_s: float
    busy: float
    pss_mib: float
    lost: int
    unrecorded: int


def measure() -> list[Row]:
    """A row each rate."""
    return [_row(rate, _run(rate)) for rate in RATES_HZ]


def _row(rate: int, found: Found) -> Row:
    p95, p99 = (_at(found.gaps_s, share) * 1e3 for share in (0.95, 0.99))
    click = found.clicks_s[-1] * 1e3 if found.clicks_s else float("inf")
    behind_s = found.took_s - found.sent_s
    figure = (
        f"gap p95 {p95:.0f}, p99 {p99:.0f} ms; click {click:.0f} ms; "
        f"{behind_s:.1f} s behind, {found.lag_s:.1f} s to disk; "
        f"{found.lost + found.unrecorded} lost; PSS {found.pss_mib:.0f} MiB; {found.busy:.0%} of a core"
    )
    is_met = (
        p95 <= 40
        and p99 <= 60
        and click <= 100
        and behind_s <= 1
        and found.lag_s <= 1
        and not found.lost
        and not found.unrecorded
        and found.pss_mib <= PSS_MIB
    )
    target = f"p95 ≤ 40, p99 ≤ 60, click ≤ 100 ms, nothing lost, ≤ {PSS_MIB} MiB"
    return Row(6, f"live window at {rate:,} events/s, recorded", figure, target, None if rate == STRETCH_HZ else is_met)


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("inf")


def _run(rate: int) -> Found:
    messages = rate * SECONDS
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    with (
        tempfile.TemporaryDirectory() as folder,
        _python("store_server") as server,
    ):
        try:
            assert server.stdin is not None
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            with _python("window_client", port, str(messages), folder, environment=environment) as window:
                try:
                    assert window.stdout is not None
                    assert window.stdout.readline() == "ready\n"
                    server.stdin.write(f"go {messages} {rate}\n")
                    server.stdin.flush()
                    sent_s = float(server.stdout.readline().removeprefix("sent "))
                    told = json.loads(window.stdout.readline())
                finally:
                    window.kill()
            (journal,) = (Path(folder) / "journals").glob("*.journal")
            with Reader(journal) as reader:
                (recorded,) = reader.connection.execute("SELECT count(*) FROM observation WHERE kind = 0").fetchone()
        finally:
            server.kill()
    return Found(
        told["gaps_s"],
        told["clicks_s"],
        told["took_s"],
        sent_s,
        told["lag_s"],
        told["busy"],
        told["pss_bytes"] / 2**20,
        told["lost"],
        max(0, messages + 1 - recorded),
    )


def _python(module: str, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    )
