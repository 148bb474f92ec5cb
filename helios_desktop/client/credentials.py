"""As whom a session asks."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credentials:
    """A user name with a password, a token, or both; neither is ever printed.

    A token is used first, as it is. With a user name, a new one is fetched by login when the token is refused or
    runs out; a token alone is used until the gateway refuses it.
    """

    username: str = ""
    password: str = field(repr=False, default="")
    token: str = field(repr=False, default="")

    @property
    def has_login(self) -> bool:
        """True where a token can be fetched (an empty password is one: the real gateway accepts it)."""
        return bool(self.username)
