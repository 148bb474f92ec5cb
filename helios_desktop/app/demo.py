"""The demo cluster: the embedded gateway, and how a monitor reaches it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.headless.options import DemoOptions
from helios_desktop.monitor.demo import DemoAccess
from helios_desktop.monitor.target import Target
from helios_desktop.words import _

if TYPE_CHECKING:
    from helios_gateway.embedded import Embedded


@dataclass(frozen=True)
class Demo:
    """A running demo cluster: whom a monitor asks, and the way to inject faults."""

    gateway: "Embedded"
    access: DemoAccess

    def target(self) -> Target:
        """Give the cluster as it is now: members that were removed meanwhile are not asked for."""
        return Target(
            _("Demo"),
            (parse_address(self.gateway.url),),
            Credentials(self.gateway.username, self.gateway.password),
            environment="DEMO",
            follows_members=True,
            first_members=self.gateway.members(),
        )


@asynccontextmanager
async def demo_cluster(options: DemoOptions) -> AsyncIterator[Demo]:
    """Serve a simulated cluster on a free loopback port, in this loop. Raises OSError where there is none."""
    # The gateway takes a quarter of a second to load: the window is painted before.
    from helios_gateway.embedded import embedded_gateway  # noqa: PLC0415 - see above

    async with embedded_gateway(
        nodes=options.nodes, seed=options.seed, is_calm=options.is_calm, speed=options.speed
    ) as gateway:
        yield Demo(gateway, DemoAccess(gateway.url, gateway.username, gateway.password))
