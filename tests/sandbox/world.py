"""A small chat to ask things of, and a caller that speaks HTTP to it over a real socket."""

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from aiohttp import ClientSession
from yarl import URL

from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.sandbox import Sandbox
from reconciler.sandbox.seed import (
    Application,
    Credentials,
    DialogType,
    Login,
    Seed,
    SeedDialog,
    SeedMessage,
)
from reconciler.sandbox.server import running_sandbox

ANN, BEN, CY, STRANGER = 111, 222, 333, 999

GROUP = "53a99a7be4b094c7c6d31b41"
PAIR = "53a99a7be4b094c7c6d31b42"
PUBLIC = "53a99a7be4b094c7c6d31b43"
OTHER = "53a99a7be4b094c7c6d31b44"
NO_DIALOG = "53a99a7be4b094c7c6d31bff"

BY_ANN = "53aabe15e4b077ddd43e7f01"
BY_BEN = "53aabe15e4b077ddd43e7f02"
BY_CY = "53aabe15e4b077ddd43e7f03"
PRIVATELY = "53aabe15e4b077ddd43e7f04"
PUBLICLY = "53aabe15e4b077ddd43e7f05"
ELSEWHERE = "53aabe15e4b077ddd43e7f06"
NO_MESSAGE = "53aabe15e4b077ddd43e7fff"

KEY = "28irlNAGasWDSupO9Vw0BBMZfuHrAUYKpmroS9yBORI"
TOKEN = "eddf864695d72d33b959eec2ae6c640d817dfada"
APPLICATION_TOKEN = "1319b4991186601ccf4df2d0fa89565f68012bba"
APPLICATION = Application(id=92, auth_key="AK", auth_secret="AS")
PASSWORD = "p w+d&1"

SEED = Seed(
    dialogs=(
        SeedDialog(id=GROUP, name="opening hours", occupants=(ANN, BEN, CY)),
        SeedDialog(id=PAIR, type=DialogType.PRIVATE, occupants=(ANN, BEN)),
        SeedDialog(id=PUBLIC, type=DialogType.PUBLIC, occupants=(ANN,)),
        SeedDialog(id=OTHER, occupants=(CY,)),
    ),
    messages=(
        SeedMessage(id=BY_ANN, dialog=GROUP, sender=ANN, text="first", date_sent=1_700_000_001),
        SeedMessage(id=BY_BEN, dialog=GROUP, sender=BEN, text="second", date_sent=1_700_000_002),
        SeedMessage(id=BY_CY, dialog=GROUP, sender=CY, text="third", date_sent=1_700_000_003),
        SeedMessage(id=PRIVATELY, dialog=PAIR, sender=ANN, text="psst", date_sent=1_700_000_004),
        SeedMessage(id=PUBLICLY, dialog=PUBLIC, sender=ANN, text="hear", date_sent=1_700_000_005),
        SeedMessage(id=ELSEWHERE, dialog=OTHER, sender=CY, text="far", date_sent=1_700_000_006),
    ),
    credentials=Credentials(
        api_keys=(KEY,),
        tokens={TOKEN: ANN},
        application_tokens=(APPLICATION_TOKEN,),
        applications=(APPLICATION,),
        logins=(Login(user=ANN, login="ann", email="ann@example.org", password=PASSWORD),),
    ),
)

FORBIDDEN = '{"errors":["You don\'t have appropriate permissions to perform this operation"]}'
NOT_FOUND = '{"errors":["The resource wasn\'t found"]}'


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class World:
    """A running sandbox and who calls it: any user through the API key."""

    sandbox: Sandbox
    http: ClientSession

    async def call(  # a request has these parts
        self,
        method: str,
        target: str,
        *,
        user: int | None = ANN,
        json: object = None,
        form: Mapping[str, str] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request exactly as it stands here; `headers` replace the credentials."""
        if headers is None:
            headers = {"Authorization": f"ApiKey {KEY}"} | (
                {} if user is None else {"On-Behalf-Of": str(user)}
            )
        async with self.http.request(
            method,
            URL(self.sandbox.url + target, encoded=True),
            json=json,
            data=form if data is None else io.BytesIO(data),
            headers=headers,
            allow_redirects=False,
        ) as response:
            return Reply(response.status, await response.text(), response.headers)

    async def put(
        self, message: str | None, fields: Mapping[str, object], *, user: int | None = ANN
    ) -> Reply:
        """Update one message, or with None a whole dialog."""
        target = "/chat/Message.json" if message is None else f"/chat/Message/{message}.json"
        return await self.call("PUT", target, json=fields, user=user)

    def texts(self) -> dict[str, str | None]:
        """Give what each message says."""
        return {each.id: each.text for each in self.sandbox.chat.messages.values()}

    def marks(self) -> dict[str, tuple[set[int], set[int]]]:
        """Give who read each message and to whom it was delivered, its sender aside."""
        return {
            each.id: (each.read_ids - {each.sender}, each.delivered_ids - {each.sender})
            for each in self.sandbox.chat.messages.values()
            if (each.read_ids | each.delivered_ids) - {each.sender}
        }


@asynccontextmanager
async def running_world(options: SandboxOptions | None = None) -> AsyncIterator[World]:
    """Run the small chat, however the sandbox is to run otherwise."""
    options = replace(options or SandboxOptions(), seed=SEED)
    async with running_sandbox(options) as sandbox, ClientSession() as http:
        yield World(sandbox, http)
