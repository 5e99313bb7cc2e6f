"""Settings: defaults, overridden by a file, by `RECONCILER_*` in the environment, by flags.

The command line resolves the order; here stand the values, their defaults, and the file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any, Final

from reconciler.core.failure import Failure, WrongUsage
from reconciler.core.limits import Limits

FILE: Final = Path("reconciler.toml")
"""Read where it exists, unless `--config` or `RECONCILER_CONFIG` names another."""

SECRETS: Final = ("api_key", "token", "auth_secret", "password", "proxy_auth", "listen_token")
"""Never a flag and never in the settings file: only `RECONCILER_X`, or a file that `x_file` names."""


class SettingsError(Failure):
    """A setting cannot be used."""


class SettingsFileError(SettingsError, WrongUsage):
    """A settings file cannot be meant as it is: wrong usage, as it would be of a flag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, resolved. Times are in seconds, rates in calls a second, sizes in characters."""

    manifests: tuple[Path, ...] = (Path("manifests"),)
    ledger: Path = Path("reconciler.db")
    keep_text: bool = True
    api_url: str | None = None
    api_key_file: Path | None = None
    token_file: Path | None = None
    application_id: int | None = None
    auth_key: str | None = field(default=None, repr=False)
    auth_secret_file: Path | None = None
    login: str | None = field(default=None, repr=False)
    password_file: Path | None = None
    signature_hash: str = "sha1"
    ca_file: Path | None = None
    proxy: str | None = None
    proxy_auth_file: Path | None = None
    act_as: int | None = None
    rate: float = 20.0
    concurrency: int = 8
    timeout: float = 15.0
    max_text: int = 10_000
    guard_rewrites: float = Limits().rewrites
    guard_dialog_marks: int = Limits().dialog_marks
    watch: str = "auto"
    rescan: float = 30.0
    grace: float = 25.0
    listen: str = "127.0.0.1:9464"
    listen_token_file: Path | None = None
    behind_proxy: bool = False
    log_level: str = "info"
    log_format: str = "auto"

    def limits(self) -> Limits:
        """Give how much may change at once without approval."""
        return Limits(rewrites=self.guard_rewrites, dialog_marks=self.guard_dialog_marks)


DEFAULTS: Final = Settings()

NAMES: Final = frozenset(field.name for field in fields(Settings))


class _Kind(Enum):
    """What TOML value a setting takes, and how a reader is told so."""

    FLAG = ("true or false", (bool,))
    NUMBER = ("a number", (int, float))
    WHOLE = ("a whole number", (int,))
    TEXT = ("a text in quotes", (str,))
    PATHS = ("a list of paths in quotes", (list,))

    def __init__(self, words: str, types: tuple[type, ...]) -> None:
        self.words = words
        self.types = types


_KINDS: Final[Mapping[str, _Kind]] = {
    **dict.fromkeys(NAMES, _Kind.TEXT),
    **dict.fromkeys(("rate", "timeout", "rescan", "grace", "guard_rewrites"), _Kind.NUMBER),
    **dict.fromkeys(
        ("act_as", "application_id", "concurrency", "max_text", "guard_dialog_marks"), _Kind.WHOLE
    ),
    **dict.fromkeys(("keep_text", "behind_proxy"), _Kind.FLAG),
    "manifests": _Kind.PATHS,
}


class CredentialKind(Enum):
    """Who we are to the chat service, and the settings that say so."""

    API_KEY = ("an API key", ("api_key", "api_key_file"))
    TOKEN = ("a token", ("token", "token_file"))
    SESSION = (
        "a session of our own",
        (
            "application_id",
            "auth_key",
            "auth_secret",
            "auth_secret_file",
            "login",
            "password",
            "password_file",
        ),
    )

    def __init__(self, words: str, names: tuple[str, ...]) -> None:
        self.words = words
        self.names = names

    @property
    def of_one_user(self) -> bool:
        """Tell whether it acts for one user only."""
        return self is not CredentialKind.API_KEY


def credential_kind(settings: Settings, environ: Mapping[str, str]) -> CredentialKind | None:
    """Give who the settings say that we are, if they do; nothing is read.

    Raises SettingsError where they say it in more than one way.
    """
    given = {
        kind: [name for name in kind.names if is_given(name, settings, environ)] for kind in CredentialKind
    }
    kinds = [kind for kind, names in given.items() if names]
    if len(kinds) > 1:
        words = " and ".join(kind.words for kind in kinds)
        variables = ", ".join(f"RECONCILER_{name.upper()}" for names in given.values() for name in names)
        both = "both" if len(kinds) == 2 else "all"  # noqa: PLR2004  # English counts to two
        msg = f"{words} are {both} set ({variables}); keep the one to be used, unset the others"
        raise SettingsError(msg)
    return kinds[0] if kinds else None


def is_given(name: str, settings: Settings, environ: Mapping[str, str]) -> bool:
    """Tell whether a setting or a secret is there; an empty variable counts as not set."""
    if name in SECRETS:
        return bool(environ.get(f"RECONCILER_{name.upper()}"))
    return getattr(settings, name) is not None


def read_file(path: Path) -> Mapping[str, Any]:
    """Read a settings file: TOML, one key a setting. Raises SettingsFileError, naming the key."""
    import tomllib  # noqa: PLC0415  # most runs have no file, and this takes longer to import than they to begin

    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path}: can't be read: {error.strerror}; name a readable file with --config"
        raise SettingsFileError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: is not TOML: {error}; correct that line"
        raise SettingsFileError(msg) from None
    for key, value in values.items():
        if (wrong := _what_is_wrong(key, value)) is not None:
            msg = f"{path}: {wrong}"
            raise SettingsFileError(msg)
    return values


def _what_is_wrong(key: str, value: object) -> str | None:
    """Say what is wrong with a line of the file, and what to do; None where it can be meant.

    Bounds are the command line's business, wherever a value comes from.
    """
    if key in SECRETS:
        return f"{key}: a secret doesn't belong here; set {key}_file or RECONCILER_{key.upper()}"
    if key not in NAMES:
        return f"unknown setting {key!r}; {nearest(key, NAMES)}"
    if not _fits(key, value):
        return f"{key}: is not {_KINDS[key].words}; docs/settings.md shows its default"
    if any("\0" in text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)):
        return f"{key}: has a NUL character in it; remove it"
    return None


def _fits(key: str, value: object) -> bool:
    """Tell whether a value has its setting's type; a TOML boolean is no number."""
    kind = _KINDS[key]
    if kind is _Kind.PATHS:
        return isinstance(value, list) and all(isinstance(path, str) for path in value)
    return isinstance(value, kind.types) and (kind is _Kind.FLAG or not isinstance(value, bool))


def misspelt(environ: Iterable[str]) -> Mapping[str, str]:
    """Give the `RECONCILER_*` variables that name no setting but nearly do, with the nearest.

    Others are left alone: Kubernetes sets `RECONCILER_SERVICE_HOST` and its like for a service of
    that name.
    """
    known = {f"RECONCILER_{name.upper()}" for name in (*NAMES, *SECRETS, "config")}
    ours = (name for name in environ if name.startswith("RECONCILER_") and name not in known)
    return {name: close for name in ours if (close := _close(name, known, cutoff=0.9)) is not None}


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the advice for an unknown name: the nearest known one, or where to find them all."""
    close = _close(name, known, cutoff=0.6)
    return f"did you mean {close!r}?" if close is not None else "docs/settings.md lists them all"


def _close(name: str, known: Iterable[str], *, cutoff: float) -> str | None:
    import difflib  # noqa: PLC0415  # only a mistake needs it

    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=cutoff)), None)
