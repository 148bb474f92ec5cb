"""The demo cluster from outside: faults by HTTP, as any other client of the gateway would ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from helios_desktop.protocol.auth import LOGIN_PATHS, LoginAnswer, LoginRequest
from helios_desktop.protocol.codec import decode_as, encode
from helios_desktop.protocol.messages import Malformed
from helios_desktop.words import _

if TYPE_CHECKING:
    import aiohttp

FAULTS_PATH: Final = "/api/demo/faults"
TIMEOUT_S: Final = 5.0


@dataclass
class DemoAccess:
    """The gateway that this program started: its address, and a login that other clients may use.

    url: its base, without a path
    """

    url: str
    username: str
    password: str = field(repr=False)
    _token: str = field(default="", repr=False)

    async def fault(self, fault: Mapping[str, object]) -> str | None:
        """Inject one fault, such as `{"fault": "stop", "node": "node3"}`.

        Gives None where it was done, else the sentence to show; never raises for what the gateway or the network does.
        """
        import aiohttp  # noqa: PLC0415 - as in Monitor: the window is painted before

        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as http:
                if not self._token:
                    await self._log_in(http)
                status, text = await self._post(http, fault)
                if status == 401:  # the token's 15 minutes are over
                    await self._log_in(http)
                    status, text = await self._post(http, fault)
        except (aiohttp.ClientError, TimeoutError) as error:
            return _("The demo gateway does not answer: {reason}").format(reason=str(error) or type(error).__name__)
        return None if status == 200 else _("The demo gateway refused: {reason}").format(reason=text)

    async def _log_in(self, http: "aiohttp.ClientSession") -> None:
        body = encode(LoginRequest(self.username, self.password))
        async with http.post(self.url + LOGIN_PATHS[0], data=body) as answer:
            login = decode_as(LoginAnswer, await answer.read())
        self._token = "" if isinstance(login, Malformed) else login.token

    async def _post(self, http: "aiohttp.ClientSession", fault: Mapping[str, object]) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self._token}"}
        async with http.post(self.url + FAULTS_PATH, data=encode(dict(fault)), headers=headers) as answer:
            return answer.status, (await answer.text()).strip()
