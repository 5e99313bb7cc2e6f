"""What a manifest, a file's name or the service may say to make a page do something."""

import re
from typing import Final

HOSTILE: Final = (
    "<script>alert(1)</script>",
    "</title></main><img src=x onerror=alert(1)>",
    "\" autofocus onfocus=alert(1) x=\"' onclick='alert(1)",
    "javascript:alert(1)//",
    "{{ 7 * 7 }}{% raw %}${7*7}<%= 7 %>",
    "&lt;b&gt;&amp;&#x27;&quot;",
    "<!-- --><![CDATA[ ]]><svg><use href='//elsewhere.example/x#y'/>",
    "a" * 300,
    "\u202egnp.exe\u202c \u2066x\u2069 a\u200bb \x1b[31mred \x00 \x7f \x9b",
    "\udce9\udcff.yaml \ud800",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\U000e0041\U000e007f\u3164\xad",
)


def sendable(text: str) -> str:
    """Give a text without what no message can hold."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "", text)
