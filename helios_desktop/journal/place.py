"""Where journals are: one file a cluster in the user's data folder."""

import hashlib
import re
import unicodedata
from pathlib import Path
from typing import Final

import platformdirs

SUFFIX: Final = ".journal"
RECORDING_SUFFIX: Final = ".helios"
DEMO: Final = "demo"
_APPLICATION: Final = "helios-desktop"
_UNSAFE: Final = re.compile(r"[^a-z0-9.-]+")
_LONGEST: Final = 60


def journal_folder() -> Path:
    """Of this user, on this system; it need not be there yet."""
    return Path(platformdirs.user_data_dir(_APPLICATION, appauthor=False)) / "journals"


def journal_path(cluster: str, folder: Path | None = None) -> Path:
    """The journal of a cluster: by a profile's id, `DEMO`, or `scheme-host-port` of a bare address.

    Different clusters have different files, on a disk that does not tell upper from lower case too.
    """
    plain = unicodedata.normalize("NFKD", cluster).lower()
    name = _UNSAFE.sub("-", plain).strip("-.")[:_LONGEST]
    if name != cluster:
        name = f"{name}-{hashlib.sha256(cluster.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return (folder or journal_folder()) / (name + SUFFIX)
