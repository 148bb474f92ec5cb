"""From the command line, profiles, keyring and environment to whom and as whom."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.options import SourceOptions
from helios_desktop.headless.source import Prompt, target
from helios_desktop.monitor.target import Target
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.profile import Profile
from helios_desktop.profiles.secrets import Secrets
from helios_desktop.protocol.subscription import Topic

PROD = Profile(
    id="prod",
    name="Production",
    addresses=("https://raft.example.com:8443",),
    username="ops",
    environment="PROD",
    topics=frozenset({Topic.STATUS}),
    opaque_token_life_s=60.0,
)


class Desk:
    """Everything that a source is found by, empty at first; it records what was asked."""

    def __init__(self, folder: Path) -> None:
        self.profiles = Profiles(folder)
        self.secrets = Secrets(lambda: None)
        self.environment: dict[str, str] = {}
        self.questions: list[str] = []
        self.demo: Target | None = None
        self.has_terminal = True

    def answer(self, question: str) -> str:
        """Be the person at the terminal."""
        self.questions.append(question)
        return "typed"

    async def find(self, name: str = "", **options: Any) -> Target:
        """Find the target of a source."""
        prompt: Prompt | None = self.answer if self.has_terminal else None
        return await target(
            SourceOptions(name=name, **options),
            demo=self.demo,
            profiles=self.profiles,
            secrets=self.secrets,
            environment=self.environment,
            prompt=prompt,
        )

    async def refusal(self, name: str = "", **options: Any) -> CommandError:
        """Find none, and give the reason, which never holds the password of these tests."""
        with pytest.raises(CommandError) as caught:
            await self.find(name, **options)
        assert "hunter2" not in str(caught.value)
        return caught.value


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_the_demo_is_what_the_app_started(desk: Desk) -> None:
    assert (await desk.refusal(is_demo=True)).code is ExitCode.FAILURE
    desk.demo = Target("Demo", (parse_address("127.0.0.1:1"),), Credentials("admin", "x"))
    assert await desk.find(is_demo=True) is desk.demo


async def test_a_url_asks_for_the_password_of_the_named_user(desk: Desk) -> None:
    found = await desk.find("localhost:8080", username="ops")
    assert found.name == "localhost:8080"
    assert found.address.http_url("") == "http://localhost:8080"
    assert (found.credentials.username, found.credentials.password) == ("ops", "typed")
    assert desk.questions == ["Password of ops at localhost:8080: "]


async def test_a_profile_gives_all_that_it_knows(desk: Desk) -> None:
    desk.profiles.save(PROD)
    await desk.secrets.set("prod", "password", "kept")
    found = await desk.find("Production")
    assert (found.name, found.environment, found.topics) == ("Production", "PROD", frozenset({Topic.STATUS}))
    assert found.address.host_and_port == "raft.example.com:8443"
    assert found.opaque_token_life_s == 60.0
    assert (found.credentials.username, found.credentials.password) == ("ops", "kept")
    assert desk.questions == []


async def test_a_profile_named_like_an_address_is_the_profile(desk: Desk) -> None:
    desk.profiles.save(Profile(id="x", name="localhost:1", addresses=("localhost:2",), username="ops"))
    assert (await desk.find("localhost:1")).address.port == 2


async def test_what_is_said_counts_more_than_what_is_kept(desk: Desk, tmp_path: Path) -> None:
    desk.profiles.save(PROD)
    await desk.secrets.set("prod", "password", "kept")
    desk.environment["HELIOS_PASSWORD"] = "from the environment"
    assert (await desk.find("Production")).credentials.password == "from the environment"
    file = tmp_path / "password"
    file.write_bytes(b"from a file\r\nsecond line\n")
    assert (await desk.find("Production", password_file=file)).credentials.password == "from a file"


async def test_the_password_of_one_user_is_not_tried_for_another(desk: Desk) -> None:
    desk.profiles.save(PROD)
    await desk.secrets.set("prod", "password", "kept")
    found = await desk.find("Production", username="guest")
    assert (found.credentials.username, found.credentials.password) == ("guest", "typed")


@pytest.mark.parametrize("username", ["", "ops"])
async def test_a_token_alone_is_used_as_it_is(desk: Desk, tmp_path: Path, username: str) -> None:
    desk.environment["HELIOS_TOKEN"] = "t1"
    found = await desk.find("localhost:8080", username=username)
    assert (found.credentials.token, found.credentials.has_login) == ("t1", False)
    file = tmp_path / "token"
    file.write_text("t2\n")
    found = await desk.find("localhost:8080", username=username, token_file=file)
    assert found.credentials.token == "t2"
    assert desk.questions == []


async def test_token_and_password_are_both_used(desk: Desk) -> None:
    desk.environment |= {"HELIOS_TOKEN": "t1", "HELIOS_PASSWORD": "p1"}
    found = (await desk.find("localhost:8080", username="ops")).credentials
    assert (found.username, found.password, found.token) == ("ops", "p1", "t1")
    assert (await desk.find("localhost:8080")).credentials.token == "t1"


async def test_nobody_to_ask_and_nobody_named_are_usage_errors(desk: Desk) -> None:
    nameless = await desk.refusal("localhost:8080")
    assert nameless.code is ExitCode.USAGE
    assert "--user" in str(nameless)
    desk.has_terminal = False
    silent = await desk.refusal("localhost:8080", username="ops")
    assert silent.code is ExitCode.USAGE
    assert "HELIOS_PASSWORD" in str(silent)
    desk.environment["HELIOS_PASSWORD"] = "hunter2"
    assert "whose" in str(await desk.refusal("localhost:8080"))


@pytest.mark.parametrize(
    "url",
    [
        "http://ops:hunter2@localhost:8080",
        "ops:hunter2@localhost:8080",
        "ws://localhost:8080/ws/cluster?token=hunter2",
        "localhost:8080?token=hunter2",
        "ftp://localhost",
        "localhost:99999",
    ],
)
async def test_an_address_that_is_none_or_holds_a_secret_is_refused(desk: Desk, url: str) -> None:
    assert (await desk.refusal(url, username="ops")).code is ExitCode.USAGE
    assert desk.questions == []


@pytest.mark.parametrize("url", ["http://raft.example.com:8080", "ws://10.0.0.1:8080"])
async def test_no_secret_goes_out_unencrypted_unless_allowed(desk: Desk, url: str) -> None:
    refusal = await desk.refusal(url, username="ops")
    assert refusal.code is ExitCode.USAGE
    assert "--allow-plain-text" in str(refusal)
    assert desk.questions == []
    assert (await desk.find(url, username="ops", allows_plain_text=True)).allows_plain_text
    desk.profiles.save(Profile(id="lab", name="Lab", addresses=(url,), username="ops", allows_plain_text=True))
    assert (await desk.find("Lab")).allows_plain_text


async def test_an_unknown_profile_is_told_with_those_that_are_known(desk: Desk) -> None:
    assert "None is saved yet" in str(await desk.refusal("Prodction"))
    desk.profiles.save(PROD)
    refusal = await desk.refusal("Prodction")
    assert refusal.code is ExitCode.USAGE
    assert "Known are: Production" in str(refusal)


async def test_a_broken_profile_file_is_a_sentence_and_stops_no_url(desk: Desk) -> None:
    desk.profiles.path.write_text("[profiles.prod\n")
    refusal = await desk.refusal("Production")
    assert refusal.code is ExitCode.FAILURE
    assert f"{desk.profiles.path}, line 1" in str(refusal)
    assert (await desk.find("localhost:8080", username="ops")).address.port == 8080
    assert desk.profiles.path.read_text() == "[profiles.prod\n"


async def test_secret_files_must_be_there_and_hold_a_line(desk: Desk, tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\nhunter2")
    binary.write_bytes(b"\xff\xfe\x00")
    for path, words in ((tmp_path / "absent", "cannot be read"), (empty, "is empty"), (binary, "is no text")):
        refusal = await desk.refusal("localhost:8080", username="ops", password_file=path)
        assert refusal.code is ExitCode.FAILURE
        assert words in str(refusal)
        assert str(path) in str(refusal)


async def test_a_ca_file_is_trusted_instead_of_the_system(desk: Desk, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    found = await desk.find("https://localhost:8443", username="ops", ca_file=authority)
    assert found.tls is not None
    assert len(found.tls.get_ca_certs()) == 1
    none = tmp_path / "none.pem"
    none.write_text("no certificate")
    assert "no certificates" in str(await desk.refusal("https://localhost", username="ops", ca_file=none))
    absent = await desk.refusal("https://localhost", username="ops", ca_file=tmp_path / "absent")
    assert absent.code is ExitCode.FAILURE
    plain = await desk.refusal("http://localhost", username="ops", ca_file=authority)
    assert plain.code is ExitCode.USAGE


async def test_an_end_of_input_instead_of_a_password_is_a_sentence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(_question: str) -> str:
        raise EOFError

    monkeypatch.setattr(desk, "answer", end)
    assert (await desk.refusal("localhost:8080", username="ops")).code is ExitCode.USAGE


# Several gateways


async def test_a_source_may_be_several_gateways(desk: Desk) -> None:
    found = await desk.find("localhost:8080,localhost:8081,https://b.example.com", username="ops")
    assert [address.name for address in found.addresses] == ["localhost:8080", "localhost:8081", "b.example.com:443"]
    assert found.name == "localhost:8080 + 2"
    assert desk.questions == ["Password of ops at localhost:8080 + 2: "]
    assert found.profile_id == ""


async def test_a_profile_gives_all_its_gateways_and_what_it_remembers_of_them(desk: Desk) -> None:
    hosts = ("https://a.example.com", "https://b.example.com:8443")
    desk.profiles.save(
        Profile(id="prod", name="Production", addresses=hosts, username="ops", login_path="/api/auth/login")
    )
    found = await desk.find("Production")
    assert [address.name for address in found.addresses] == ["a.example.com:443", "b.example.com:8443"]
    assert (found.name, found.profile_id, found.login_path) == ("Production", "prod", "/api/auth/login")


async def test_the_gateway_that_is_wrong_is_told(desk: Desk) -> None:
    twice = await desk.refusal("localhost:1,localhost:1", username="ops")
    assert twice.code is ExitCode.USAGE
    assert "Address 2" in str(twice)
    plain = await desk.refusal("https://a.example.com,http://b.example.com:80", username="ops")
    assert plain.code is ExitCode.USAGE
    assert "b.example.com:80" in str(plain)
    assert "a.example.com" not in str(plain)
    desk.profiles.save(Profile(id="lab", name="Lab", addresses=("localhost:1", "ftp://b"), username="ops"))
    assert "Address 2: “ftp” is no scheme" in str(await desk.refusal("Lab"))


async def test_a_ca_file_is_of_use_where_any_gateway_is_encrypted(desk: Desk, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    found = await desk.find("localhost:1,https://localhost:2", username="ops", ca_file=authority)
    assert found.tls is not None
    plain = await desk.refusal("localhost:1,localhost:2", username="ops", ca_file=authority)
    assert "http://localhost:1, http://localhost:2" in str(plain)
