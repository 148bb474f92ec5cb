"""The gateway's figures in Prometheus's text format and in OpenMetrics, as the one who asks prefers.

Loaded when it is first asked for: most gateways, and each embedded one, never are.
"""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from helios_gateway.metrics import Metrics
from helios_gateway.service.health import Gauges


class Exposition:
    """What `/metrics` answers with. `gauges` tells how it is at that moment."""

    def __init__(self, metrics: Metrics, gauges: Callable[[], Gauges]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_GatewayCollector(metrics, gauges))
        # Memory, processor time and open files, where the system tells them.
        ProcessCollector(registry=self._registry)

    def text(self, accept: str) -> tuple[bytes, str]:
        """The figures, and their media type, chosen by the Accept header."""
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):
            # prometheus-client takes a version that is none amiss, and anybody may ask for one.
            encode, content_type = choose_encoder("")
        return encode(self._registry), content_type


class _GatewayCollector(Collector):
    def __init__(self, metrics: Metrics, gauges: Callable[[], Gauges]) -> None:
        self._metrics = metrics
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Make the families anew, as prometheus-client wants it of each scrape."""
        yield from self._counters()
        gauges = self._gauges()
        yield _gauge("ready", "1 while it takes in new clients, as /readyz says", gauges.is_ready)
        yield _gauge("connections", "Open connections, whatever they are for", gauges.connections)
        yield _by("sockets", "Open sockets by the node they listen to", "node", gauges.sockets)
        yield _by("node_running", "1 for a node that runs, 0 for one that is stopped", "node", gauges.running)

    def _counters(self) -> Iterator[Metric]:
        metrics = self._metrics
        yield _counted("logins", "Logins by what became of them", "outcome", metrics.logins)
        yield _counted("refused", "What was not let in, by reason", "reason", metrics.refused)
        yield _counted("abused", "What open sockets did that they should not, by reason", "reason", metrics.abused)
        yield _counted("sockets_closed", "Sockets that the gateway ended, by close code", "code", metrics.closed)
        yield _counted("resumed", "Sockets that asked to go on, by what became of it", "outcome", metrics.resumed)
        yield _counted("messages_published", "Messages by type, whoever got them", "type", metrics.published)
        yield _count("messages_delivered", "Messages written to clients", metrics.delivered)
        yield _count("messages_lost", "Messages that slow readers were told they lost", metrics.lost)
        yield _count("sent_bytes", "Bytes of all frames written, before TLS", metrics.bytes_out)


def _counted(name: str, told: str, label: str, counts: Mapping[str, int] | Mapping[int, int]) -> Metric:
    family = CounterMetricFamily(f"helios_gateway_{name}", told, labels=[label])
    for value, count in counts.items():
        family.add_metric([str(value)], count)
    return family


def _count(name: str, told: str, count: int) -> Metric:
    return CounterMetricFamily(f"helios_gateway_{name}", told, value=count)


def _by(name: str, told: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(f"helios_gateway_{name}", told, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _gauge(name: str, told: str, value: int) -> Metric:
    return GaugeMetricFamily(f"helios_gateway_{name}", told, value=value)
