"""Each import contract is proved by a planted violation: a contract that nothing breaks may check nothing."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

PLANTS = [
    ("layers", "helios_desktop/protocol/codec.py", "import helios_desktop.observation"),
    ("layers", "helios_desktop/client/address.py", "import helios_desktop.store.state"),
    ("layers", "helios_desktop/journal/reader.py", "import helios_desktop.store.state"),
    ("layers", "helios_desktop/store/checkpoint.py", "import helios_desktop.journal.stored"),
    ("layers", "helios_desktop/summary.py", "import helios_desktop.event_filter"),
    ("layers", "helios_desktop/export/event_json.py", "import helios_desktop.headless"),
    ("layers", "helios_desktop/qt/theme.py", "import helios_desktop.headless.arguments"),
    ("only qt and app reach Qt", "helios_desktop/headless/tail.py", "import PySide6.QtCore"),
    ("only qt and app reach Qt", "helios_desktop/journal/scribe.py", "import PySide6.QtCore"),
    ("only qt and app reach Qt", "server/helios_gateway/sockets/hub.py", "import qasync"),
    ("the gateway sees", "server/helios_gateway/sockets/hub.py", "import helios_desktop.words"),
    ("the gateway sees", "server/helios_gateway/sockets/hub.py", "import helios_desktop.store.state"),
    ("only app starts", "helios_desktop/monitor/monitor.py", "import helios_gateway.embedded"),
    ("only app starts", "helios_desktop/qt/window.py", "import helios_gateway.embedded"),
    ("the pure parts", "helios_desktop/store/fold.py", "import time"),
    ("the pure parts", "helios_desktop/client/connection.py", "import asyncio"),
    ("the pure parts", "server/helios_gateway/simulation/raft.py", "import time"),
]


@pytest.mark.parametrize(("contract", "file", "line"), PLANTS, ids=[f"{f}: {line}" for _, f, line in PLANTS])
def test_a_planted_violation_breaks_its_contract(tmp_path: Path, contract: str, file: str, line: str) -> None:
    for package in ("helios_desktop", "server/helios_gateway", "resources/helios_resources"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "fonts"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / file
    planted.write_text(planted.read_text() + f"\n\n{line}\n")
    answer = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(str(tmp_path / part) for part in ("", "server", "resources"))},
        capture_output=True,
        text=True,
    )
    broken = [shown for shown in answer.stdout.splitlines() if shown.endswith("BROKEN")]
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert any(shown.startswith(contract) for shown in broken), answer.stdout


def test_every_contract_has_a_plant() -> None:
    unproved = [item["name"] for item in CONTRACTS if not any(item["name"].startswith(plant) for plant, _, _ in PLANTS)]
    assert unproved == []
