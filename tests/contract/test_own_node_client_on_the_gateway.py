"""A client of our own on Node's built-in WebSocket, as in a browser: the token travels in the query."""

import asyncio
import json
from pathlib import Path

SCRIPT = """
const url = process.argv[1];
const login = await fetch(`${url}/api/auth/login`, {
  method: 'POST', headers: {'Content-Type': 'application/json', 'Origin': 'http://localhost:5173'},
  body: JSON.stringify({username: 'admin', password: 'admin123'}),
});
const {token} = await login.json();
const ws = new WebSocket(`${url.replace('http', 'ws')}/ws/cluster?token=${token}`);
const types = [];
ws.onmessage = (event) => {
  const message = JSON.parse(event.data);
  types.push(message.type);
  if (types.length === 1) ws.send(JSON.stringify({type: 'subscribe', data: {latency: true}}));
  if (types.filter((type) => type === 'latency').length === 2) ws.send(JSON.stringify({type: 'ping'}));
  if (message.type === 'pong') ws.close(1000);
};
ws.onclose = (event) => console.log(JSON.stringify({types, code: event.code, extensions: ws.extensions}));
"""


async def test_it_logs_in_subscribes_pings_and_closes(gateway_url: str, node: Path, tmp_path: Path) -> None:
    script = tmp_path / "client.mjs"
    script.write_text(SCRIPT.replace("process.argv[1]", "process.argv[2]"))
    process = await asyncio.create_subprocess_exec(
        node, "--experimental-websocket", script, gateway_url, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    told = json.loads(out)
    assert told["types"][0] == "status"
    assert told["types"][-1] == "pong"
    assert set(told["types"][1:-1]) <= {"latency"}
    assert told["code"] == 1000
    assert told["extensions"] == ""
