"""The frames that a real gateway sent, as they came."""

import json
from pathlib import Path
from typing import Any


def captured_frames(folder: Path, pattern: str = "*.jsonl") -> list[str]:
    """Those of the captures that the pattern names, in their order."""
    return [
        record["raw"]
        for file in sorted(folder.glob(pattern))
        for record in map(json.loads, file.read_text().splitlines())
        if record["dir"] == "recv" and record.get("raw")
    ]


def captured_data(folder: Path, name: str, message_type: str) -> dict[str, Any]:
    """The data of the first frame of a type in a capture."""
    frames = map(json.loads, captured_frames(folder, name))
    data: dict[str, Any] = next(frame["data"] for frame in frames if frame["type"] == message_type)
    return data
