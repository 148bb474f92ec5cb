"""How those who tell are called on screen: a session by its gateway, with the node that this speaks for beside it."""

from helios_desktop.store.state import ClusterState, ObserverState
from helios_desktop.words import _


def observer_title(observer: ObserverState) -> str:
    """`gw1:8443 (node-1)`; the name alone where the node is not known yet, or is the name."""
    if observer.node is None or observer.node == observer.name:
        return observer.name
    return _("{gateway} ({node})").format(gateway=observer.name, node=observer.node)


def title_of(name: str, state: ClusterState) -> str:
    """The same for the observer of that name."""
    observer = state.observers.get(name)
    return name if observer is None else observer_title(observer)


def teller(name: str, state: ClusterState) -> str:
    """As short as can be: the node that the observer of that name speaks for, else its name."""
    observer = state.observers.get(name)
    return name if observer is None or observer.node is None else observer.node
