"""Who we are to the chat service, for commands that send nothing."""

from collections.abc import Mapping

from reconciler.cli.importing import imported
from reconciler.cli.survey import rules
from reconciler.settings import Settings, credential_kind
from reconciler.source.rules import Rules


def rules_without_sending(settings: Settings, environ: Mapping[str, str]) -> Rules:
    """Give what manifests are read under to a command that sends nothing.

    Only where nobody but the service knows whose session or token ours is, this logs in or asks, and
    can do no more than that. Raises a Failure where a setting can't be used, or the login failed.
    """
    kind = credential_kind(settings, environ)
    if settings.act_as is not None or kind is None or not kind.of_one_user:
        return rules(settings, environ)
    # Only now: the libraries that call take longer to import than all else that a plan needs.
    asked = imported("reconciler.cli.sending").log_in_alone(settings, environ)
    found: Rules = imported("reconciler.cli.login_failure").known_rules(asked, kind)
    return found
