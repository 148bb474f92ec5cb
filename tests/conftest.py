"""What every test shares: no display is needed, and random tests repeat unless fuzzing was asked for."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

settings.register_profile("suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fuzz" if os.environ.get("HELIOS_FUZZ") else "suite")


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of frames and HTTP answers of a real gateway; its README says what a line holds."""
    return Path(__file__).parent / "fixtures" / "captures"
