"""Made-up names take the place of hosts and addresses in any text, the same for the same, and of nothing else."""

import json
import re
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.journal.anonymise import HostFinder
from helios_desktop.monitor.disguised import protocol_words


def disguised(*texts: str) -> list[str]:
    """All of them, by one disguise."""
    finder = HostFinder(protocol_words())
    for text in texts:
        finder.look_at(text)
    disguise = finder.disguise()
    return [disguise.text(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://gw.corp:8443/admin", "http://host1.example:8443/admin"),
        ("wss://gw/ws", "wss://host1.example/ws"),
        ("gw:8443", "host1.example:8443"),
        ("10.1.2.3:17000", "192.0.2.1:17000"),
        ("[fd00::17]:17000", "[2001:db8::1]:17000"),
        ('{"peer_address":"raft1.corp:7000"}', '{"peer_address":"host1.example:7000"}'),
        ('{"address": "raft1"}', '{"address": "host1.example"}'),
        ('{"detail":"connect to [\'10.1.2.3\', 80] failed."}', '{"detail":"connect to [\'192.0.2.1\', 80] failed."}'),
        ("dial tcp FD00:0:0::17: connect: refused", "dial tcp 2001:db8::1: connect: refused"),
        ("lookup 10.1.2.3: no such host 10.1.2.4.", "lookup 192.0.2.1: no such host 192.0.2.2."),
        ("fe80::1%eth0", "2001:db8::1%eth0"),
        ("::ffff:10.1.2.3", "2001:db8::1"),
        ("GET /status?node=gw.corp%3A80 gw.corp:80", "GET /status?node=host1.example%3A80 host1.example:80"),
        ('{"raw":"{\\"peer\\":\\"10.1.2.3:80\\"}"}', '{"raw":"{\\"peer\\":\\"192.0.2.1:80\\"}"}'),
        ('"10\\u002e1.2.3"', '"192.0.2.1"'),
        ('"line\\n10.1.2.3"', '"line\\n192.0.2.1"'),
        ('{"cut off at 10.1.2.3', '{"cut off at 192.0.2.1'),
        ('{"cut\\n10.1.2.3', '{"cut\\n192.0.2.1'),
        ("GW.corp:80 then gw.CORP", "host1.example:80 then host1.example"),
    ],
)
def test_hosts_and_addresses_are_replaced_wherever_they_stand(text: str, expected: str) -> None:
    assert disguised(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"status","timestamp":"2026-11-26T02:24:50.531311Z","data":{"node_id":"node1","state":"Leader","term":1}}',
        '{"node":{"id":"node-3"},"ratio":0.25,"version":"1.21.3","mac":"aa:bb:cc:dd:ee:ff","took":"1h2m3.5s"}',
        "std::string ::",
        "0.0.0.0 and 1.2.3.4.5 and v1.2.3.4 and 1.2.3.999",
        "at 12:30:45",
        '{"leader":"leader:80"}',
        "{broken",
        "",
    ],
)
def test_all_else_stays_as_it_is(text: str) -> None:
    assert disguised(text) == [text]


def test_a_host_that_is_known_from_anywhere_is_replaced_everywhere_but_within_other_words() -> None:
    texts = ["raft1.corp:7000", '{"id":"raft1.corp","old":"xraft1.corp","sub":"a.raft1.corp","longer":"raft1.corps"}']
    assert disguised(*texts)[1] == (
        '{"id":"host1.example","old":"xraft1.corp","sub":"a.raft1.corp","longer":"raft1.corps"}'
    )


def test_node_ids_stay_unless_they_are_hosts() -> None:
    assert disguised('{"id":"node1","address":"10.1.2.3:80"}') == ['{"id":"node1","address":"192.0.2.1:80"}']
    assert disguised('{"id":"node1","address":"node1:80"}') == ['{"id":"host1.example","address":"host1.example:80"}']


def test_a_made_up_name_is_never_that_of_another_that_is_there() -> None:
    assert disguised("10.1.2.3 192.0.2.1 host1.example:80 real.corp:80") == [
        "192.0.2.2 192.0.2.3 host2.example:80 host3.example:80"
    ]


def test_many_addresses_all_get_their_own() -> None:
    text = " ".join(str(IPv4Address(0x0A000000 + number)) for number in range(2_000))
    (made_up,) = disguised(text)
    assert len(set(made_up.split())) == 2_000
    assert not re.search(r"\b10\.", made_up)


labels = st.from_regex(r"[a-z][a-z0-9]{2,8}", fullmatch=True)
hosts = st.builds("q{}.{}.corp".format, labels, labels)
addresses = st.integers(0x0A000000, 0x0AFFFFFF).map(IPv4Address).map(str) | st.integers(1, 2**64).map(
    lambda number: f"[{IPv6Address((0xFD00 << 112) + number)}]"
)
ports = st.integers(1, 65_535)
whole = st.builds("{}:{}".format, hosts | addresses, ports)


@given(
    wholes=st.lists(whole, min_size=1, max_size=6),
    shapes=st.lists(
        st.sampled_from(
            [
                '{{"address":"{}"}}',
                '{{"peers":[{{"id":"{}"}}]}}',
                "http://{}/path",
                'said "{}", then closed',
                '{{"{}":{{"avg":1}}}}',
                '{{"raw":"{{\\"a\\":\\"{}\\"}}"}}',
                "{}",
            ]
        ),
        min_size=6,
        max_size=6,
    ),
)
def test_nothing_is_left_of_any_host_and_json_stays_json(wholes: list[str], shapes: list[str]) -> None:
    texts = [shape.format(one) for one, shape in zip(wholes, shapes, strict=False)]
    made_up = disguised(*texts)
    for one, text, before in zip(wholes, made_up, texts, strict=False):
        host, _colon, port = one.rpartition(":")
        assert not any(host in every for every in made_up)
        assert f":{port}" in text
        if before.startswith("{"):
            json.loads(text)
    as_one = dict(zip(wholes, disguised(*wholes), strict=True))
    assert len(set(as_one.values())) == len(as_one)
    assert disguised(*texts) == made_up
