"""In which way a real gateway is well or not."""

from enum import StrEnum


class Mode(StrEnum):
    """REST works in all of them, save where it is said otherwise."""

    WELL = "well"
    HUB_OFF = "hub-off"  # 101, then nothing ever: nobody called `Gateway.Start`
    RAFT_OFF = "raft-off"  # 101, pings answered, no data; REST says 503
    RAFT_DISABLED = "raft-disabled"  # the same, but REST's status says 500
    PLUGIN = "plugin"  # `http_access` wraps the answer, so the upgrade says 500
    PROXY = "proxy"  # something on the way does not pass Upgrade on: 400
    PROXY_502 = "proxy-502"  # it answers the upgrade itself
    PROXY_HANGS = "proxy-hangs"  # it never does

    @property
    def has_status(self) -> bool:
        """False where the gateway's own node has no status to give."""
        return self not in {Mode.RAFT_OFF, Mode.RAFT_DISABLED}
