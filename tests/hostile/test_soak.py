"""The soak of `make soak`, for some seconds."""

import os
from pathlib import Path

import pytest

from tests.hostile.process import running
from tests.hostile.soak import soak

FOR_S = float(os.environ.get("HELIOS_SOAK_S", "12"))


@pytest.mark.slow
@pytest.mark.timeout(FOR_S + 120)
async def test_under_an_even_load_nothing_grows_and_nobody_misses_a_message(tmp_path: Path) -> None:
    rows: list[str] = []
    with running(tmp_path / "stderr") as gateway:
        seen = await soak(gateway, FOR_S, FOR_S / 5, rows.append)
        assert seen.judge() == [], "\n".join(rows)
        assert "Traceback" not in gateway.told
    assert len(rows) >= 5
