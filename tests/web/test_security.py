"""Who may see pages and API, what browsers are told about them, and that nothing can be done through them."""

import base64
import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.program.chat import manifest
from tests.program.program import Program, Reply, Running
from tests.program.waiting import LONGEST, wait_for
from tests.web.everything import program_and_sandbox

TOKEN: Final = "canary-of-a-listen-token-0Yb5Qm8Vr1"
OTHER: Final = "another-listen-token-7Kc2Wd9Xt4"

ANYWHERE: Final = "0.0.0.0"  # noqa: S104  # what the container listens on

OVERVIEW: Final = "/api/v1/overview"
CLOSED: Final = (
    OVERVIEW,
    "/api/v1/history.csv",
    "/api/v1/openapi.json",
    "/api/v1/nothing",
    "/",
    "/dialogs",
    "/static/x",
)
PROBES: Final = ("/metrics", "/healthz", "/readyz")

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.fixture
def declared(tmp_path: Path) -> Iterator[Program]:
    """The program with one dialog to tell of."""
    with program_and_sandbox(tmp_path) as (program, _):
        program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
        yield program


@contextmanager
def listening(program: Program, at: str = "127.0.0.1:0", **environ: str) -> Iterator[Running]:
    """Run the daemon at an address, with more settings."""
    settings = {f"RECONCILER_{name.upper()}": value for name, value in environ.items()}
    with program.start("run", "--listen", at, "--log-level", "debug", environ=settings) as daemon:
        wait_for(lambda: daemon.get("/readyz").status == 200, "it is ready")
        yield daemon
        daemon.stop()
    assert TOKEN not in daemon.stderr
    assert OTHER not in daemon.stderr


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def status(daemon: Running, headers: Mapping[str, str] | None = None, path: str = OVERVIEW) -> int:
    return daemon.get(path, headers=headers).status


def problem(reply: Reply) -> str:
    assert reply.headers["Content-Type"] == "application/problem+json; charset=utf-8"
    document = json.loads(reply.body)
    return f"{document['status']}: {document['detail']}; {document['todo']}"


def test_every_answer_tells_browsers_to_take_nothing_from_elsewhere(declared: Program) -> None:
    with listening(declared) as daemon:
        paths = [
            *CLOSED,
            *PROBES,
            "/api/v1/dialogs?page=0",
            "/api/v1/dialogs/nothing",
            "/api/v1/history.json",
            "/nowhere",
        ]
        replies = [daemon.get(path, method) for path in paths for method in ("GET", "HEAD", "POST")]
        replies.append(daemon.get(OVERVIEW, headers={"Host": "example.com"}))
    assert {reply.status for reply in replies} >= {200, 400, 404, 405, 421}
    assert {reply.status for reply in replies[2:-1:3]} == {405}, "nothing can be posted, wherever that is"
    for reply in replies:
        assert {name: reply.headers.get(name) for name in HEADERS} == HEADERS
        assert reply.headers["Server"] == "reconciler", "and no version to look up weaknesses of"
        assert "Access-Control-Allow-Origin" not in reply.headers
        assert "Set-Cookie" not in reply.headers


def test_on_loopback_only_who_asks_for_loopback_by_its_name_is_answered(declared: Program) -> None:
    with listening(declared) as daemon:
        port = urlsplit(daemon.url).port
        for host in ("localhost", "127.0.0.1", "[::1]", "LOCALHOST"):
            assert status(daemon, {"Host": host}) == 200
            assert status(daemon, {"Host": f"{host}:{port}"}) == 200
            assert status(daemon, {"Host": f"{host}:8080"}) == 200, "a tunnel has another port"
        others = ("example.com", f"example.com:{port}", f"127.0.0.1.example.com:{port}", f"localhost.:{port}")
        for host in (
            *others,
            "127.0.0.1:",
            "127.0.0.1:x",
            ANYWHERE,
            "[::]",
            "127.1",
            "2130706433",
            "localhost@example.com",
        ):
            for path in CLOSED:
                assert status(daemon, {"Host": host}, path) == 421, host
        refused = daemon.get(OVERVIEW, headers={"Host": "example.com"})
        assert problem(refused).endswith(
            f"ask for 127.0.0.1:{port}; a proxy in front has to send that as Host"
        )
        for path in PROBES:
            assert status(daemon, {"Host": "example.com"}, path) == 200


def test_a_request_that_names_no_host_is_not_answered(declared: Program) -> None:
    with listening(declared) as daemon:
        where = urlsplit(daemon.url)
        assert where.hostname is not None
        for request in (f"GET {OVERVIEW} HTTP/1.0\r\n\r\n", f"GET {OVERVIEW} HTTP/1.1\r\nHost:\r\n\r\n"):
            with socket.create_connection((where.hostname, where.port or 0), timeout=LONGEST) as connection:
                connection.sendall(request.encode())
                answer = connection.makefile("rb").readline()
            assert answer.split()[1] in {b"421", b"400"}


def test_an_address_that_asks_for_bytes_that_are_no_text_is_refused(declared: Program) -> None:
    with listening(declared) as daemon:
        where = urlsplit(daemon.url)
        assert where.hostname is not None
        with socket.create_connection((where.hostname, where.port or 0), timeout=LONGEST) as connection:
            connection.sendall(b"GET /api/v1/dialogs?search=\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = connection.makefile("rb").readline()
        assert answer.split()[1] == b"400"


def test_beyond_loopback_nothing_but_metrics_and_probes_is_shown_without_a_token(declared: Program) -> None:
    with listening(declared, f"{ANYWHERE}:0") as daemon:
        for path in CLOSED:
            refused = daemon.get(path)
            assert refused.status == 403
            for setting in (
                "RECONCILER_LISTEN_TOKEN_FILE",
                "RECONCILER_LISTEN_TOKEN;",
                "RECONCILER_BEHIND_PROXY=true",
            ):
                assert setting in refused.body
            assert "dialog-1" not in refused.body
        assert "listens on more than loopback" in problem(daemon.get(OVERVIEW, headers=bearer("anything")))
        for path in PROBES:
            assert status(daemon, path=path) == 200


@pytest.mark.parametrize("at", ["127.0.0.1:0", "[::1]:0", f"{ANYWHERE}:0"])
def test_a_token_opens_pages_and_api_wherever_the_daemon_listens(declared: Program, at: str) -> None:
    with listening(declared, at, listen_token=TOKEN) as daemon:
        for path in CLOSED:
            refused = daemon.get(path)
            assert refused.status == 401
            assert refused.headers["WWW-Authenticate"] == 'Basic realm="reconciler", charset="UTF-8"'
        for headers in (
            bearer(TOKEN),
            {"Authorization": f"bearer  {TOKEN}"},
            basic("ann", TOKEN),
            basic("", TOKEN),
        ):
            assert status(daemon, headers) == 200
        wrong = (
            *map(bearer, ("", "x", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "ü", f"{TOKEN} {TOKEN}")),
            *(basic("ann", password) for password in ("", "x", f"{TOKEN}x", "ü")),
            basic(TOKEN, ""),
            {"Authorization": TOKEN},
            {"Authorization": "Basic"},
            {"Authorization": "Basic ===="},
            {"Authorization": f"Basic {base64.b64encode(TOKEN.encode()).decode()}"},
            {"Authorization": f"Digest {TOKEN}"},
            {"Authorization": f"ApiKey {TOKEN}"},
            {"Cookie": f"token={TOKEN}"},
        )
        for headers in wrong:
            encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}
            assert status(daemon, encoded) == 401, headers
        assert status(daemon, path=f"{OVERVIEW}?token={TOKEN}") == 401
        assert "this is not the token" in problem(daemon.get(OVERVIEW, headers=bearer(OTHER)))
        assert "the token is missing" in problem(daemon.get(OVERVIEW))
        for path in PROBES:
            assert status(daemon, path=path) == 200
        if ANYWHERE not in at:
            assert status(daemon, {**bearer(TOKEN), "Host": "example.com"}) == 421
        said = [
            daemon.get(path, headers=bearer(TOKEN)).body for path in (OVERVIEW, "/api/v1/history", *PROBES)
        ]
        assert TOKEN not in "".join(said)


def test_what_pages_load_is_open_so_that_a_refusal_looks_like_the_other_pages(declared: Program) -> None:
    with listening(declared, listen_token=TOKEN) as daemon:
        for headers in ({}, {"Host": "example.com"}):
            refused = daemon.get("/", headers=headers)
            loaded = re.findall(r'(?:href|src)="(/static/[^"]+)"', refused.body)
            assert len(loaded) == 3
            for path in loaded:
                assert status(daemon, headers, path) == 200
                assert daemon.get(path).headers["Cache-Control"].endswith("immutable")
            for path in ("/static/../api/v1/overview", "/static/style.css/", "/static/"):
                assert status(daemon, headers, path) in {401, 421}, path


def test_a_proxy_in_front_may_decide_who_sees_them(declared: Program) -> None:
    with listening(declared, f"{ANYWHERE}:0", behind_proxy="true") as daemon:
        assert status(daemon, {"Host": "status.example.com"}) == 200


def test_a_token_is_asked_for_behind_a_proxy_too(declared: Program) -> None:
    with listening(declared, f"{ANYWHERE}:0", behind_proxy="true", listen_token=TOKEN) as daemon:
        assert status(daemon) == 401
        assert status(daemon, bearer(TOKEN)) == 200


def test_behind_a_proxy_loopback_still_has_to_be_asked_for_by_its_name(declared: Program) -> None:
    with listening(declared, behind_proxy="true") as daemon:
        assert status(daemon, {"Host": "status.example.com"}) == 421
        assert status(daemon, {"Host": "localhost"}) == 200


def test_the_token_is_read_again_when_its_file_changes(declared: Program) -> None:
    file = declared.directory / "listen-token"
    file.write_text(f"{TOKEN}\n")
    with listening(declared, listen_token_file=str(file)) as daemon:
        assert status(daemon, bearer(TOKEN)) == 200
        assert status(daemon, bearer(OTHER)) == 401
        file.write_text(OTHER)
        wait_for(lambda: status(daemon, bearer(OTHER)) == 200, "the token written in its place opens")
        assert status(daemon, bearer(TOKEN)) == 401
        draft = file.with_name("draft")
        draft.write_text(TOKEN)
        draft.rename(file)
        wait_for(lambda: status(daemon, bearer(TOKEN)) == 200, "the token of the file put in its place opens")
        assert status(daemon, bearer(OTHER)) == 401
        file.unlink()
        daemon.says("RECONCILER_LISTEN_TOKEN_FILE: names a file that does not exist")
        assert status(daemon, bearer(TOKEN)) == 200
        assert "RECONCILER_LISTEN_TOKEN_FILE: holds another secret now" in daemon.stderr


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"LISTEN_TOKEN_FILE": TOKEN}, "RECONCILER_LISTEN_TOKEN_FILE: names a file that does not exist"),
        ({"LISTEN_TOKEN": f"{TOKEN} {TOKEN}"}, "RECONCILER_LISTEN_TOKEN: holds a space"),
        ({"LISTEN_TOKEN": TOKEN, "LISTEN_TOKEN_FILE": "x"}, "LISTEN_TOKEN_FILE are both set; keep one"),
    ],
)
def test_a_token_that_cannot_be_used_ends_the_start_in_words(
    declared: Program, environ: Mapping[str, str], words: str
) -> None:
    settings: dict[str, str | None] = {f"RECONCILER_{name}": value for name, value in environ.items()}
    with declared.start("run", "--listen", "127.0.0.1:0", environ=settings) as running:
        assert running.process.wait(LONGEST) in {1, 64}
    assert words in running.stderr
    assert TOKEN not in running.stderr


def test_an_empty_token_counts_as_none(declared: Program) -> None:
    with listening(declared, f"{ANYWHERE}:0", listen_token="") as daemon:
        assert status(daemon) == 403
        assert status(daemon, basic("ann", "")) == 403


def test_the_daemon_asks_itself_for_its_health_without_the_token(declared: Program) -> None:
    with listening(declared, f"{ANYWHERE}:0", listen_token=TOKEN) as daemon:
        listen = daemon.url.removeprefix("http://").replace(ANYWHERE, "127.0.0.1")
        assert declared.run("health", "--ready", "--listen", listen).stdout == "ok\n"
