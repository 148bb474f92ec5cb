"""How recording stands, in words: pure functions of what the scribe tells."""

from pathlib import Path

from msgspec import Struct

from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.quantities import bytes_text
from helios_desktop.words import _


class RecordingWords(Struct, frozen=True, gc=False):
    """One figure of the connection line; "" where there is nothing to say. `is_trouble` is red."""

    text: str
    tip: str = ""
    is_trouble: bool = False


def recording_words(watched: Watched) -> RecordingWords:
    """What is on the disk, why nothing is, or who else records."""
    status, path = watched.recording, watched.history
    if watched.is_following and status is not None and status.problem:
        return RecordingWords(
            _("✕ nothing to follow: {reason}").format(reason=status.problem),
            _(
                "This window opens no connection: it shows what the other one wrote last, and nothing new. See to it "
                "that the other one runs,\nor close it: this one takes over then."
            ),
            is_trouble=True,
        )
    if watched.is_following:
        size = "" if status is None else f"  {bytes_text(status.size_bytes)}"
        return RecordingWords(
            _("⇄ follows another window") + size,
            _(
                "Another window on this machine watches and records this cluster. This one opens no connection: "
                "it reads what that one writes,\nand takes over when it is closed."
            ),
        )
    if status is None or path is None:
        return RecordingWords("")
    if status.problem:
        return RecordingWords(
            _("✕ not recording: {reason}").format(reason=status.problem),
            _(
                "Live goes on, and recording is tried again by itself every few seconds. What comes meanwhile waits in "
                "memory;\nof what does not fit there, the recording has a gap. See to it that this folder is there, "
                "has room, and can be written to:\n{folder}"
            ).format(folder=path.parent),
            is_trouble=True,
        )
    if not status.is_recording:
        return RecordingWords(_("recording begins"), _("The file is being opened:\n{path}").format(path=path))
    return RecordingWords(
        _("● recording {size}").format(size=bytes_text(status.size_bytes)),
        _("All that is seen is on the disk within a quarter of a second:\n{path}").format(path=path),
    )


def set_aside_words(aside: Path) -> str:
    """What became of a damaged journal."""
    return _(
        "The recording of this cluster was damaged. It is kept as it was in {path}, and a new one was begun: "
        "“Open a recording…” shows what can still be read of it."
    ).format(path=aside)
