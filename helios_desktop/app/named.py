"""The cluster that the command line names, with what this process has to sign in there."""

import os
import sys

from helios_desktop.headless import source
from helios_desktop.headless.options import SourceOptions
from helios_desktop.headless.prompt import prompt_at
from helios_desktop.monitor.target import Target
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.secrets import Secrets


async def named_target(options: SourceOptions, profiles: Profiles, secrets: Secrets) -> Target:
    """Find it; a secret that is nowhere is asked for at the terminal. Raises `CommandError`."""
    return await source.target(
        options,
        demo=None,
        profiles=profiles,
        secrets=secrets,
        environment=os.environ,
        prompt=prompt_at(sys.stdin, sys.stderr),
    )
