"""What a server keeps over a crash: term, vote, log and snapshot (Raft paper, figure 2), and its state machine."""

from helios_gateway.simulation.messages import Configuration, Entry, Put, Snapshot


class Log:
    """Entries `base_index + 1` to `last_index`; those up to `base_index` have been compacted away."""

    __slots__ = ("base_index", "base_term", "entries", "last_index", "last_term")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.base_index = self.base_term = 0
        self.last_index = self.last_term = 0

    def term_at(self, index: int) -> int:
        """The term of the entry at `index`, from `base_index` to `last_index`."""
        if index == self.base_index:
            return self.base_term
        return self.entries[index - self.base_index - 1].term

    def entry_at(self, index: int) -> Entry:
        """The entry at `index`, from `base_index + 1` to `last_index`."""
        return self.entries[index - self.base_index - 1]

    def append(self, entry: Entry) -> int:
        """Add `entry`; returns its index."""
        self.entries.append(entry)
        self.last_term = entry.term
        self.last_index += 1
        return self.last_index

    def truncate(self, index: int) -> None:
        """Delete the entry at `index` and all that follow it."""
        del self.entries[index - self.base_index - 1 :]
        self.last_index = index - 1
        self.last_term = self.term_at(self.last_index)

    def compact(self, index: int) -> int:
        """Forget the entries up to `index`; returns how many those were."""
        forgotten = index - self.base_index
        self.base_term = self.term_at(index)
        del self.entries[:forgotten]
        self.base_index = index
        return forgotten

    def reset(self, index: int, term: int) -> None:
        """Forget everything: what follows comes after (`index`, `term`)."""
        self.entries.clear()
        self.base_index = self.last_index = index
        self.base_term = self.last_term = term


class Storage:
    """A server's disk. Whoever opens it after a crash finds what was there.

    configurations: those of the log that could still be rolled back to, by the index of their entry, oldest first;
                    the first is that of the snapshot or older
    """

    __slots__ = ("configurations", "log", "snapshot", "term", "voted_for")

    def __init__(self, configuration: Configuration) -> None:
        self.term = 0
        self.voted_for = ""
        self.log = Log()
        self.snapshot = Snapshot(0, 0, configuration, {}, 0)
        self.configurations: list[tuple[int, Configuration]] = [(0, configuration)]

    def append(self, entry: Entry) -> int:
        """Add an entry to the log; a configuration holds from here on. Returns its index."""
        index = self.log.append(entry)
        if isinstance(entry.command, Configuration):
            self.configurations.append((index, entry.command))
        return index

    def extend(self, entries: tuple[Entry, ...]) -> None:
        """Add entries, at least one."""
        log = self.log
        for index, entry in enumerate(entries, log.last_index + 1):
            if isinstance(entry.command, Configuration):
                self.configurations.append((index, entry.command))
        log.entries.extend(entries)
        log.last_index += len(entries)
        log.last_term = entries[-1].term

    def truncate(self, index: int) -> None:
        """Delete the entry at `index` and all after it, with the configurations among them."""
        self.log.truncate(index)
        while self.configurations[-1][0] >= index:
            self.configurations.pop()

    def configuration_at(self, index: int) -> Configuration:
        """The newest configuration of the log up to `index`."""
        return next(held for at, held in reversed(self.configurations) if at <= index)

    def keep_snapshot(self, snapshot: Snapshot, kept_entries: int) -> int:
        """Store a snapshot that the server took itself, and compact the log, but for the `kept_entries` before it.

        Those spare a follower that is a little behind the whole snapshot. Returns how many entries went.
        """
        self.snapshot = snapshot
        while len(self.configurations) > 1 and self.configurations[1][0] <= snapshot.index:
            self.configurations.pop(0)
        index = snapshot.index - kept_entries
        return self.log.compact(index) if index > self.log.base_index else 0

    def install_snapshot(self, snapshot: Snapshot) -> int:
        """Store a snapshot that the leader sent (figure 13, rules 5 to 8). Returns how many entries went."""
        log, index = self.log, snapshot.index
        self.snapshot = snapshot
        if log.base_index <= index <= log.last_index and log.term_at(index) == snapshot.term:
            self.configurations = [(index, snapshot.configuration), *(c for c in self.configurations if c[0] > index)]
            return log.compact(index)
        self.configurations = [(index, snapshot.configuration)]
        forgotten = len(log.entries)
        log.reset(index, snapshot.term)
        return forgotten


class StateMachine:
    """A key-value store: the newest request of each key. Snapshots carry it from server to server."""

    __slots__ = ("size_bytes", "values")

    def __init__(self, snapshot: Snapshot) -> None:
        self.values: dict[int, Put] = dict(snapshot.values)
        self.size_bytes = snapshot.size_bytes

    def apply(self, entries: list[Entry]) -> None:
        """Execute committed requests, in order."""
        values = self.values
        for entry in entries:
            put = entry.command
            if isinstance(put, Put):
                before = values.get(put.key)
                self.size_bytes += put.size_bytes if before is None else put.size_bytes - before.size_bytes
                values[put.key] = put
