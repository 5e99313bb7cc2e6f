"""Who runs a command: what an approval and a retry are signed with."""

import getpass
import os


def person() -> str:
    """Give the login name, as LOGNAME, USER or the password file has it; a number where none does."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        name = ""
    return name if name and name.isprintable() else f"user {os.getuid()}"
