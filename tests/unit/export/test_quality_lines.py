"""The line on data quality that ends `tail`: one for each observer that told anything."""

from helios_desktop.export.quality import quality_lines
from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.rest import RestCall
from tests.unit.store.scene import THREE, Scene, real_data


def test_an_observer_that_was_only_polled_has_its_line_and_one_that_told_nothing_has_none() -> None:
    scene = Scene()
    scene.phase("gw1:8443", Phase.POLLING, Cause.SOCKET_BLOCKED)
    scene.phase("gw2:8443", Phase.BACKOFF, Cause.REFUSED)
    scene.rest("gw1:8443", RestCall.STATUS, real_data("node1", "Leader", 3, 5, THREE))
    assert quality_lines(scene.state) == [
        "gw1:8443 (node1): 0 messages, about 0 lost, 0 pushed, 0 derived, 1 REST answer"
    ]
