"""The server process of rows 5 and 6: one WebSocket over which messages come as fast as they are read, or at a pace.

Nothing of ours and nothing of aiohttp's is in it, so that it is never what one waits for. Its port goes to stdout;
`go N` on stdin makes and sends N messages of the guide's mix, `go N RATE` so many of them a second; then a line `sent`
tells in how many seconds.
"""

import base64
import hashlib
import json
import socket
import sys
import time

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
TIMESTAMP = "2024-01-15T10:30:00Z"
AT_ONCE = 500
SENDS_A_SECOND = 100


def guide_message(number: int) -> str:
    """The guide's eight messages that carry data, in turn, with a commit index that grows and one term for all."""
    bodies = (
        (
            "status",
            {
                "node_id": "node1",
                "state": "Leader",
                "term": 6,
                "commit_index": 1000 + number,
                "last_applied": 1000 + number,
                "leader": "node1",
                "peers": ["node2", "node3"],
            },
        ),
        ("state_change", {"old_state": "Follower", "new_state": "Leader", "term": 6}),
        ("peer_change", {"event_type": "added", "peer_id": "node3", "peer_address": "localhost:8004"}),
        (
            "latency",
            {
                "aggregated": {
                    "append_entries": {"count": 1000, "avg_value_ms": 2.5, "min_value_ms": 1.0, "max_value_ms": 10.0}
                }
            },
        ),
        ("uptime", {"current_uptime": "24h30m0s", "total_sessions": 5, "total_uptime": "120h15m30s"}),
        ("snapshot", {"index": 1000, "term": 5, "size_bytes": 1048576, "duration_ms": 150}),
        (
            "custom_metrics",
            {"request_count": {"type": "counter", "help": "Total number of requests", "value": 1500}},
        ),
        ("error", {"error": "Failed to retrieve the metrics"}),
    )
    message_type, data = bodies[number % len(bodies)]
    return json.dumps({"type": message_type, "timestamp": TIMESTAMP, "data": data}, separators=(",", ":"))


def frame(text: str) -> bytes:
    """One unmasked text frame of less than 64 KiB (RFC 6455 §5.2)."""
    payload = text.encode()
    size = len(payload)
    return (bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")) + payload


def shake_hands(connection: socket.socket) -> None:
    """Answer the upgrade."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4096)
    headers = dict(line.split(b": ", 1) for line in request.split(b"\r\n")[1:] if b": " in line)
    key = next(value for name, value in headers.items() if name.lower() == b"sec-websocket-key")
    accept = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accept
        + b"\r\n\r\n"
    )


def main() -> None:
    """Serve one client, and end with stdin."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        with connection:
            shake_hands(connection)
            connection.sendall(frame(guide_message(0)))
            for line in sys.stdin:
                asked = time.monotonic()
                count, *rate = (int(word) for word in line.removeprefix("go ").split())
                at_once = rate[0] // SENDS_A_SECOND if rate else AT_ONCE
                chunks = [
                    b"".join(frame(guide_message(number)) for number in range(begin, min(begin + at_once, count)))
                    for begin in range(0, count, at_once)
                ]
                begun = time.monotonic()
                for number, chunk in enumerate(chunks):
                    if rate:
                        time.sleep(max(0.0, begun + number / SENDS_A_SECOND - time.monotonic()))
                    connection.sendall(chunk)
                print(f"sent {time.monotonic() - asked:.3f}", flush=True)


if __name__ == "__main__":
    main()
