"""The middle steps of a check: what the gateway answers over HTTP, and as whom it takes us."""

from collections.abc import Awaitable, Callable
from typing import Final

from helios_desktop.client.address import Address
from helios_desktop.client.classify import failure_of_status
from helios_desktop.client.failure import CallError, Failure, detail_of
from helios_desktop.client.gateway import Gateway, RestAnswer
from helios_desktop.client.tokens import NS
from helios_desktop.monitor.finding import Finding, Outcome, failed, note, ok, skipped
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Cause
from helios_desktop.protocol.auth import LOGIN_PATHS, LoginAnswer, token_expiry_s
from helios_desktop.protocol.durations import format_duration_in_days
from helios_desktop.protocol.rest import RAFT_NOT_ENABLED, RestCall
from helios_desktop.words import _

SHORTEST_SECRET: Final = 4
_LIMITED: Final = 429
_NOT_THERE: Final = frozenset({404, 405})


class Calls:
    """Makes each call once, and remembers what the later steps need.

    token:      to go on with, "" where there is none
    status:     the body of the REST status, "" where it gave none
    is_admin:   True where REST answered as it does to an administrator
    has_raft:   False where REST said that Raft is not enabled
    """

    def __init__(self, target: Target, address: Address, gateway: Gateway, now_ns: Callable[[], int]) -> None:
        self.token = target.credentials.token
        self.status = ""
        self.is_admin = False
        self.has_raft = True
        self._target = target
        self._address = address
        self._gateway = gateway
        self._now_ns = now_ns
        self._login: LoginAnswer | None = None
        self._refused_login: Failure | None = None
        self._answers = 0
        self._is_limited = False

    async def try_http(self) -> Finding:
        """Ask for the status without a token, which must be refused."""
        try:
            answer = await self._read("")
        except CallError as error:
            # On plain http a gateway that speaks TLS closes without an answer.
            advice = "" if self._address.is_encrypted else _("Check the port; if TLS is spoken there, write https://.")
            return failed(error.failure, advice)
        if answer.status == 401:
            return ok(_("A gateway answers, and wants to know who asks (401), which is right."))
        failure = self._failure_of(answer)
        if answer.status >= 500 or 300 <= answer.status < 400:
            return failed(failure)
        return note(_("It answers, but not with the 401 of a gateway: {detail}.").format(detail=failure.detail))

    async def try_login(self) -> Finding:
        """Find the path where a login is answered, be it by a refusal."""
        may_send = self._address.is_encrypted or self._address.is_loopback or self._target.allows_plain_text
        if not may_send:
            return failed(Failure(Cause.PLAIN_TEXT, self._address.host_and_port))
        if not self._target.credentials.has_login:
            return skipped(_("A token was given, so nobody has to log in."))
        failure = Failure(Cause.NOT_FOUND)
        for path in dict.fromkeys(path for path in (self._target.login_path, *LOGIN_PATHS) if path):
            try:
                self._login = await self._counted(self._gateway.log_in(path))
            except CallError as error:
                match error.failure.cause:
                    case Cause.NOT_FOUND:
                        failure = error.failure
                        continue
                    case Cause.BAD_CREDENTIALS | Cause.NOT_ADMIN:
                        self._refused_login = error.failure
                    case _:
                        return failed(error.failure)
            return ok(_("{path} answers a login.").format(path=path))
        return failed(
            failure, _("Check the address; the paths {paths} are not there.").format(paths=" ".join(LOGIN_PATHS))
        )

    async def try_credentials(self) -> Finding:
        """Say what the login gave, or what is known of the token that was given."""
        if self._refused_login is not None:
            return failed(self._refused_login)
        if self._login is not None:
            self.token = self._login.token
            return ok(self._life_of(self._login))
        if not self.token:
            return failed(
                Failure(Cause.BAD_CREDENTIALS), _("There is neither a user name nor a token: give one of the two.")
            )
        expires_s = token_expiry_s(self.token)
        if expires_s is None:
            return ok(_("The token is used as it was given; it does not say when it runs out."))
        left_s = expires_s - self._now_ns() / NS
        if left_s <= 0:
            ago = _span(-left_s)
            return note(
                _("The token is used as it was given; by this machine's clock it ran out {ago} ago.").format(ago=ago),
                _("Get a new token, or sign in with a user name."),
            )
        return ok(_("The token is used as it was given; it is a JWT and good for {left}.").format(left=_span(left_s)))

    async def try_admin(self) -> Finding:
        """Ask for the status with the token."""
        try:
            answer = await self._read(self.token)
        except CallError as error:
            return _unknown(error.failure)
        failure = self._failure_of(answer)
        match answer.status:
            case 200:
                self.status, self.is_admin = answer.text, True
                return ok(_("The user is an administrator: REST gives the cluster's status."))
            case 401 | 403:
                return failed(failure)
            case 429:
                return _unknown(
                    failure, _("Other clients of this user may call often; whether it may watch shows below.")
                )
            case status if RAFT_NOT_ENABLED in answer.text.lower() and status >= 500:
                self.has_raft, self.is_admin = False, True
                sentence = _("The user is an administrator, but REST says that Raft is not enabled ({detail}).")
                advice = _("Start the node with Raft enabled, or connect to a gateway that has it.")
                return note(sentence.format(detail=failure.detail), advice, Cause.RAFT_NOT_ENABLED)
            case status if status in _NOT_THERE:
                return note(_("The gateway has no REST status; whether the user may watch shows below."))
            case _:
                return _unknown(failure)

    async def try_limit(self) -> Finding:
        """Say whether one of these calls was limited; nothing is called for it."""
        if not self._answers:
            return skipped(_("No call was made, so none could be limited."))
        if not self._is_limited:
            return ok(_("No call was limited."))
        return note(
            _("The gateway limited a call (429): this user made too many."),
            _("Wait a little, and give this program a user of its own; calls less than a second apart never recover."),
        )

    def said(self, text: str) -> str:
        """What the gateway said, on one short line and without the secrets that it may have repeated."""
        credentials = self._target.credentials
        for secret in {credentials.password, credentials.token, self.token}:
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "…")
        return detail_of(text)

    async def _read(self, token: str) -> RestAnswer:
        answer = await self._gateway.read(RestCall.STATUS, token)
        self._answers += 1
        self._is_limited |= answer.status == _LIMITED
        return answer

    async def _counted(self, login: Awaitable[LoginAnswer]) -> LoginAnswer:
        try:
            answer = await login
        except CallError as error:
            self._answers += 1
            self._is_limited |= error.failure.detail.startswith(str(_LIMITED))
            raise
        self._answers += 1
        return answer

    def _failure_of(self, answer: RestAnswer) -> Failure:
        failure = failure_of_status(answer.status, answer.text)
        return Failure(failure.cause, self.said(failure.detail))

    def _life_of(self, login: LoginAnswer) -> str:
        expires_s = token_expiry_s(login.token)
        if expires_s is not None:
            left = _span(expires_s - self._now_ns() / NS)
            return _("The login gave a token: a JWT, good for {left}.").format(left=left)
        if login.expires_in is not None:
            left = _span(login.expires_in)
            return _("The login gave a token that is no JWT; the gateway says it is good for {left}.").format(left=left)
        left = _span(self._target.opaque_token_life_s)
        return _("The login gave a token that does not say how long it is good; {left} is assumed.").format(left=left)


def _unknown(failure: Failure, advice: str = "") -> Finding:
    """It is not known whether the user may watch, and the socket is tried all the same."""
    found = failed(failure, advice)
    return Finding(Outcome.NOTE, found.text, found.advice, found.cause)


def _span(seconds: float) -> str:
    return format_duration_in_days(int(seconds * NS))
