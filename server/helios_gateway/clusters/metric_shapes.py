"""Custom metrics as the wire tells them: the guide's three keys, and the real gateway's table (wire.md §3.3)."""

from collections.abc import Mapping

from helios_desktop.protocol.messages import Metric, MetricsTable
from helios_desktop.protocol.timestamps import format_timestamp
from helios_gateway.clusters.rpc_stats import WallNs
from helios_gateway.simulation.views import MetricView


def changed(metrics: Mapping[str, MetricView]) -> dict[str, Metric]:
    """The guide's `custom_metrics`: only those that changed."""
    return {name: Metric(metric.type, _number(metric.value), metric.help) for name, metric in metrics.items()}


def table(metrics: Mapping[str, MetricView], wall_ns: WallNs) -> MetricsTable:
    """All of them, counted by type."""
    types = [metric.type for metric in metrics.values()]
    return MetricsTable(
        metrics={name: whole(name, metric, wall_ns) for name, metric in metrics.items()},
        total_metrics=len(types),
        counter_metrics=types.count("counter"),
        gauge_metrics=types.count("gauge"),
        histogram_metrics=types.count("histogram"),
    )


def whole(name: str, metric: MetricView, wall_ns: WallNs, *, has_observations: bool = False) -> Metric:
    """One of them; the observations only where they are asked for."""
    return Metric(
        type=metric.type,
        value=_number(metric.value),
        help=metric.help,
        name=name,
        labels=metric.labels,
        buckets=metric.buckets,
        created_at=format_timestamp(wall_ns(metric.created_s)),
        updated_at=format_timestamp(wall_ns(metric.updated_s)),
        observations=metric.observations or None if has_observations else None,
    )


def _number(value: float) -> int | float:
    # A counter is shown as the guide shows it, whole.
    return int(value) if float(value).is_integer() else value
