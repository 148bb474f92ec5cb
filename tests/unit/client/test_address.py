"""Addresses as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.client.address import Address, AddressError, parse_address, parse_addresses, short_name


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://localhost:8080", Address("http", "localhost", 8080)),
        ("ws://localhost:8080/ws/cluster", Address("http", "localhost", 8080)),
        ("wss://raft.example.com", Address("https", "raft.example.com", 443)),
        ("HTTPS://Raft.Example.com:8443/", Address("https", "raft.example.com", 8443)),
        ("https://example.com/helios/ws/cluster/", Address("https", "example.com", 443, "/helios")),
        ("https://example.com/helios/", Address("https", "example.com", 443, "/helios")),
        ("localhost:8080", Address("http", "localhost", 8080)),
        ("127.0.0.1:8080", Address("http", "127.0.0.1", 8080)),
        ("raft.example.com:8443", Address("https", "raft.example.com", 8443)),
        ("::1", Address("http", "::1", 80)),
        ("[::1]:8080", Address("http", "::1", 8080)),
        ("  10.0.0.7:8443\n", Address("https", "10.0.0.7", 8443)),
    ],
)
def test_an_address_is_read_as_people_write_it(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "   ", "http://", "ftp://example.com", "http://example.com:99999", "localhost:0", "a b:80", "http://[::1",
     "http://exa<mple:80", "localhost:8080/?node=node1", "localhost:80/#x", "http://[fe80::zz]:80", "localhost:-1"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(AddressError, match=r"\w.*\."):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://admin:hunter2@example.com",
        "admin:hunter2@example.com:8080",
        "http://hunter2@example.com",
        "ws://localhost:8080/ws/cluster?token=hunter2",
        "localhost:8080?a=b&TOKEN=hunter2",
        "http://localhost#access_token=hunter2",
    ],
)
def test_a_secret_in_an_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(AddressError, match="must not hold") as refusal:
        parse_address(text)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("node1.localhost", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("0.0.0.0", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, is_loopback: bool) -> None:
    assert Address("http", host, 80).is_loopback is is_loopback


def test_urls_name_path_and_node_and_nothing_else() -> None:
    address = Address("https", "::1", 8443, "/helios")
    assert address.http_url("/api/auth/login") == "https://[::1]:8443/helios/api/auth/login"
    assert address.socket_url(None) == "wss://[::1]:8443/helios/ws/cluster"
    assert address.socket_url("node 1&token=x") == "wss://[::1]:8443/helios/ws/cluster?node=node%201%26token%3Dx"
    assert address.socket_url(None, "a1:42") == "wss://[::1]:8443/helios/ws/cluster?since=a1%3A42"
    assert address.socket_url("n&1", "a1:42") == "wss://[::1]:8443/helios/ws/cluster?node=n%261&since=a1%3A42"


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_an_address_error(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert parse_address(str(address)) == address


# Several


@pytest.mark.parametrize(
    "text",
    [
        "a:1,b:2,c:3",
        " a:1 b:2\tc:3 ",
        "a:1\nb:2\r\nc:3\n",
        "a:1, b:2 ,\n\n,c:3,",
        "https://a:1 wss://b:2/ws/cluster c:3",
    ],
)
def test_gateways_are_separated_by_commas_spaces_or_lines(text: str) -> None:
    assert parse_addresses(text) == tuple(Address("https", host, port) for host, port in (("a", 1), ("b", 2), ("c", 3)))


def test_one_gateway_is_several_too_and_its_sentence_has_no_number() -> None:
    assert parse_addresses(" localhost:8080,\n") == (Address("http", "localhost", 8080),)
    for text, words in (("", "^The address is empty"), (" ,\n", "^The address is empty"), ("ftp://a", "^“ftp” is no")):
        with pytest.raises(AddressError, match=words):
            parse_addresses(text)


def test_the_one_that_is_wrong_is_told_by_its_number_and_never_repeated() -> None:
    with pytest.raises(AddressError, match=r"^Address 2: An address must not hold a user") as refusal:
        parse_addresses("a:1\nhttps://me:hunter2@b:2\nc:3")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("twin", ["a:1", "http://a:1", "wss://A:1/ws/cluster"])
def test_a_gateway_that_stands_there_twice_is_refused(twin: str) -> None:
    with pytest.raises(AddressError, match=r"^Address 3 names the same gateway as address 2: .*\.$"):
        parse_addresses(f"b:2, https://a:1, {twin}")


def test_gateways_behind_one_proxy_differ_by_their_prefix() -> None:
    first, second = parse_addresses("https://proxy/node1 https://proxy/node2/ws/cluster")
    assert (first.name, second.name) == ("proxy:443/node1", "proxy:443/node2")


@pytest.mark.parametrize(("text", "name"), [("a:1", "a:1"), ("a:1 b:2", "a:1 + 1"), ("[::1]:5 b:2 c:3", "[::1]:5 + 2")])
def test_several_gateways_have_a_short_name(text: str, name: str) -> None:
    assert short_name(parse_addresses(text)) == name


@given(st.text(alphabet="ab:1,/ \n@?.", max_size=40))
def test_any_text_is_addresses_that_differ_or_an_address_error(text: str) -> None:
    try:
        addresses = parse_addresses(text)
    except AddressError:
        return
    assert addresses
    assert len({address.name for address in addresses}) == len(addresses)
    assert parse_addresses(" ".join(str(address) for address in addresses)) == addresses
