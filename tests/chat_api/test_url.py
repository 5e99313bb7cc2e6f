"""Only an address that hides nothing and encrypts everything is called."""

import pytest

from reconciler.chat_api.errors import ApiUrlError
from reconciler.chat_api.url import ApiUrl


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("https://api.quickblox.com", "https://api.quickblox.com/chat"),
        ("https://api.quickblox.com/", "https://api.quickblox.com/chat"),
        ("HTTPS://API.quickblox.com:8443", "HTTPS://API.quickblox.com:8443/chat"),
        ("https://gateway.example/quick.blox/v1/", "https://gateway.example/quick.blox/v1/chat"),
        ("https://chat_api.default.svc.", "https://chat_api.default.svc./chat"),
        ("https://10.0.0.7", "https://10.0.0.7/chat"),
        ("https://[2001:db8::1]:444", "https://[2001:db8::1]:444/chat"),
        ("http://localhost:8080", "http://localhost:8080/chat"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1/chat"),
        ("http://127.8.8.8:1", "http://127.8.8.8:1/chat"),
        ("http://[::1]:1", "http://[::1]:1/chat"),
    ],
)
def test_a_usable_address_is_kept_literally(text: str, whole: str) -> None:
    url = ApiUrl.parse(text)
    assert url.join("/chat") == f"{url}/chat" == whole


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        ("api.quickblox.com", "is not a web address"),
        ("ftp://api.quickblox.com", "is not a web address"),
        ("https:api.quickblox.com", "is not a web address"),
        ("https://", "is not a web address"),
        ("http://api.quickblox.com", "unencrypted"),
        ("http://localhost.example.com", "unencrypted"),
        ("http://127.0.0.1.example.com", "unencrypted"),
        ("http://127.1", "unencrypted"),
        ("http://10.0.0.7", "unencrypted"),
        ("https://canary:canary@api.quickblox.com", "user name or a password"),
        ("https://canary@api.quickblox.com", "user name or a password"),
        ("http://localhost@api.quickblox.com", "user name or a password"),
        ("https://api.quickblox.com?key=canary", "query or a fragment"),
        ("https://api.quickblox.com/?", "query or a fragment"),
        ("https://api.quickblox.com/#canary", "query or a fragment"),
        ("https://api.quickblox.com:99999", "cannot be read"),
        ("https://api.quickblox.com:port", "cannot be read"),
        ("https://api.quickblox.com:0", "port"),
        ("https://api.quickblox.com:", "port"),
        ("https://[::1", "cannot be read"),
        ("https://[fe80::1%25eth0]", "cannot be read"),
        ("https://.quickblox.com", "host"),
        ("https://api..quickblox.com", "host"),
        ("https://-api.quickblox.com", "host"),
        ("https://2130706433", "host"),
        ("https://0x7f000001", "host"),
        ("https://10.0.0.07", "host"),
        ("https://1.2.3.4.5", "host"),
        ("https://api.quickblox.com/a b", "space"),
        ("https://api.quickblox.com\n", "space"),
        ("https://api.quick\tblox.com", "space"),
        ("https://bücher.example", "outside ASCII"),
        ("https://api.quickblox.com/../x", "path"),
        ("https://api.quickblox.com/a/./x", "path"),
        ("https://api.quickblox.com//x", "path"),
        ("https://api.quickblox.com/%2e%2e", "path"),
        ("https://api.quickblox.com\\@evil.example", "user name or a password"),
        ("https://api.quickblox.com\\evil.example", "host"),
    ],
)
def test_an_address_that_could_mislead_is_refused_and_never_shown(text: str, what: str) -> None:
    with pytest.raises(ApiUrlError, match=what) as caught:
        ApiUrl.parse(text)
    assert str(caught.value).startswith("RECONCILER_API_URL: ")
    assert "; " in str(caught.value)
    assert "canary" not in str(caught.value)


def test_the_setting_is_named_as_the_person_knows_it() -> None:
    with pytest.raises(ApiUrlError, match=r"^api_url: "):
        ApiUrl.parse("", setting="api_url")


@pytest.mark.parametrize(
    ("text", "secure"), [("HTTPS://api.quickblox.com", True), ("http://localhost", False)]
)
def test_an_address_knows_whether_calls_are_encrypted(text: str, secure: bool) -> None:  # noqa: FBT001  # a case
    assert ApiUrl.parse(text).secure is secure
