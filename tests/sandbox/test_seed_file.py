"""A seed file: what it may say, and every problem a person is told."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.sandbox.generated_seed import generated_dialog_id, generated_message_id, generated_seed
from reconciler.sandbox.json_object import SandboxInputError
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
from reconciler.sandbox.seed_file import parse_seed, read_seed_file
from tests.sandbox.world import ANN, BEN, BY_ANN, BY_BEN, CY, GROUP, PAIR, PUBLIC, SEED, STRANGER

DIALOG = {"_id": GROUP, "occupants_ids": [ANN, BEN]}
MESSAGE = {"_id": BY_ANN, "chat_dialog_id": GROUP, "sender_id": ANN}

AN_ID = "24 lower-case hex digits in quotes"


def test_a_seed_file_says_all_that_a_seed_can() -> None:
    document = {
        "dialogs": [
            {"_id": GROUP, "type": 2, "name": "vip", "user_id": BEN, "occupants_ids": [ANN, BEN]},
            {"_id": PAIR, "type": 3, "occupants_ids": [ANN, BEN]},
        ],
        "messages": [
            {
                **MESSAGE,
                "message": "Hi",
                "date_sent": 1_700_000_000,
                "recipient_id": BEN,
                "read_ids": [BEN],
                "delivered_ids": [BEN],
                "attachments": [{"type": "image", "id": "1"}],
                "age": "25",
                "created_at": None,
                "updated_at": "2023-11-14T22:13:20Z",
                "read": 0,
            },
            {**MESSAGE, "_id": BY_BEN, "message": None},
        ],
        "credentials": {
            "api_keys": ["key"],
            "tokens": {"token": ANN},
            "application_tokens": ["read-only"],
            "applications": [{"id": 92, "auth_key": "AK", "auth_secret": "AS"}],
            "logins": [{"user_id": ANN, "login": "ann", "email": "ann@example.org", "password": "p"}],
        },
    }
    assert parse_seed(json.dumps(document)) == Seed(
        dialogs=(
            SeedDialog(id=GROUP, name="vip", owner=BEN, occupants=(ANN, BEN)),
            SeedDialog(id=PAIR, type=DialogType.PRIVATE, occupants=(ANN, BEN)),
        ),
        messages=(
            SeedMessage(
                id=BY_ANN,
                dialog=GROUP,
                sender=ANN,
                text="Hi",
                date_sent=1_700_000_000,
                recipient=BEN,
                read=(BEN,),
                delivered=(BEN,),
                attachments=({"type": "image", "id": "1"},),
                custom={"age": "25"},
            ),
            SeedMessage(id=BY_BEN, dialog=GROUP, sender=ANN),
        ),
        credentials=Credentials(
            api_keys=("key",),
            tokens={"token": ANN},
            application_tokens=("read-only",),
            applications=(Application(id=92, auth_key="AK", auth_secret="AS"),),
            logins=(Login(user=ANN, login="ann", email="ann@example.org", password="p"),),
        ),
    )


@pytest.mark.parametrize("document", ["{}", '{"dialogs": []}', '{"messages": [], "credentials": {}}'])
def test_an_empty_seed_is_a_seed(document: str) -> None:
    assert parse_seed(document) == Seed()


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        ("{\n  oops", ["line 2, column 3: not JSON: "]),
        (b"\xff\xfe\xff", ["not JSON that can be read"]),
        ("[" * 100_000, ["not JSON that can be read"]),
        ("9" * 10_000, ["not JSON that can be read"]),
        ([], ["the document: must be an object"]),
        ({"dialog": []}, ["dialog: is unknown; did you mean dialogs?"]),
        ({"zebra": []}, ["zebra: is unknown"]),
        ({"dialogs": {}}, ["dialogs: must be a list"]),
        ({"dialogs": [7]}, ["dialogs[0]: must be an object", "dialogs[0]._id: is missing; it must be an id"]),
        ({"dialogs": [{**DIALOG, "_id": 53}]}, [f"dialogs[0]._id: must be an id: {AN_ID}"]),
        ({"dialogs": [{**DIALOG, "_id": GROUP.upper()}]}, ["dialogs[0]._id: must be an id"]),
        ({"dialogs": [{**DIALOG, "type": 4}]}, ["dialogs[0].type: must be 1 (public), 2 (group) or 3"]),
        (
            {"dialogs": [{**DIALOG, "occupants_ids": [ANN, "222"]}]},
            ["dialogs[0].occupants_ids: must be a list"],
        ),
        (
            {"dialogs": [{**DIALOG, "occupant_ids": [ANN]}]},
            ["dialogs[0].occupant_ids: is unknown; did you mean"],
        ),
        ({"dialogs": [{**DIALOG, "user_id": 0}]}, ["dialogs[0].user_id: must be a user id"]),
        (
            {"messages": [{"mesage": "Hi"}]},
            [
                "messages[0]._id: is missing",
                "messages[0].chat_dialog_id: is missing",
                "messages[0].sender_id: is missing",
                "messages[0].mesage: is unknown; did you mean message?",
            ],
        ),
        ({"messages": [{**MESSAGE, "message": 12}]}, ["messages[0].message: must be a text"]),
        ({"messages": [{**MESSAGE, "date_sent": "noon"}]}, ["messages[0].date_sent: must be a unix time"]),
        ({"messages": [{**MESSAGE, "attachments": "x"}]}, ["messages[0].attachments: must be a list"]),
        ({"credentials": {"tokens": {"t": "111"}}}, ["credentials.tokens: must be an object of tokens"]),
        ({"credentials": {"tokens": ["t"]}}, ["credentials.tokens: must be an object of tokens"]),
        ({"credentials": {"api_keys": [""]}}, ["credentials.api_keys: must be a list, each item a text"]),
        (
            {"credentials": {"logins": [{"user_id": 1, "password": "p"}]}},
            ["credentials.logins[0].login: is missing; give a login or an email"],
        ),
        (
            {"credentials": {"applications": [{"id": 0, "auth_key": "a"}]}},
            [
                "credentials.applications[0].id: must be a whole number from 1",
                "credentials.applications[0].auth_secret: is missing",
            ],
        ),
    ],
)
def test_every_problem_of_a_seed_file_is_told_with_its_place(document: object, problems: list[str]) -> None:
    text = document if isinstance(document, str | bytes) else json.dumps(document)
    with pytest.raises(SandboxInputError) as refused:
        parse_seed(text)
    told = refused.value.problems
    assert len(told) == len(problems)
    assert all(said.startswith(expected) for said, expected in zip(told, problems, strict=True))


def dialog_of(*occupants: int, kind: DialogType = DialogType.GROUP) -> SeedDialog:
    return SeedDialog(id=GROUP, type=kind, occupants=occupants)


def message_by(sender: int, *, id_: str = BY_ANN, read: tuple[int, ...] = ()) -> SeedMessage:
    return SeedMessage(id=id_, dialog=GROUP, sender=sender, read=read)


@pytest.mark.parametrize(
    ("seed", "problems"),
    [
        (Seed(dialogs=(dialog_of(),)), [f"dialog {GROUP}: a group dialog has occupants; name at least one"]),
        (
            Seed(dialogs=(dialog_of(ANN, BEN, CY, kind=DialogType.PRIVATE),)),
            [f"dialog {GROUP}: a private dialog has two occupants; it has 3"],
        ),
        (Seed(dialogs=(dialog_of(ANN), dialog_of(BEN))), [f"dialog {GROUP}: stands here twice"]),
        (
            Seed(messages=(message_by(ANN),)),
            [f"message {BY_ANN}: dialog {GROUP} is unknown; add it to the dialogs"],
        ),
        (
            Seed(dialogs=(dialog_of(ANN),), messages=(message_by(ANN), message_by(ANN))),
            [f"message {BY_ANN}: stands here twice"],
        ),
        (
            Seed(dialogs=(dialog_of(ANN),), messages=(message_by(BEN, read=(STRANGER,)),)),
            [
                f"message {BY_ANN}: user {BEN} is no occupant of dialog {GROUP}; add the user to it",
                f"message {BY_ANN}: user {STRANGER} is no occupant of dialog {GROUP}; add the user to it",
            ],
        ),
        (
            Seed(
                dialogs=(dialog_of(kind=DialogType.PUBLIC),),
                messages=(message_by(ANN), message_by(ANN, id_=BY_BEN, read=(BEN,))),
            ),
            [f"message {BY_BEN}: a public dialog keeps no marks; leave them out"],
        ),
    ],
)
def test_a_seed_that_contradicts_itself_is_refused(seed: Seed, problems: list[str]) -> None:
    with pytest.raises(SandboxInputError) as refused:
        Sandbox(SandboxOptions(seed=seed))
    assert list(refused.value.problems) == problems


def test_what_exists_already_is_not_added_again() -> None:
    sandbox = Sandbox(SandboxOptions(seed=SEED))
    with pytest.raises(SandboxInputError) as refused:
        sandbox.add(replace(SEED, dialogs=SEED.dialogs[2:3], messages=SEED.messages[4:5]))
    assert [problem.split(": ")[-1] for problem in refused.value.problems] == ["exists already"] * 2
    assert refused.value.problems[0].startswith(f"dialog {PUBLIC}")


def test_a_file_is_named_with_each_of_its_problems(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text('{"dialogs": [{}], "zebra": 1}')
    with pytest.raises(SandboxInputError) as refused:
        read_seed_file(path)
    assert [problem.split(": ")[:2] for problem in refused.value.problems] == [
        [str(path), "dialogs[0]._id"],
        [str(path), "zebra"],
    ]
    assert str(refused.value) == "\n".join(refused.value.problems)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps({"dialogs": [DIALOG]}))
    assert read_seed_file(path).dialogs[0].id == GROUP


def test_a_generated_seed_has_the_size_asked_for_and_can_be_told_beforehand() -> None:
    seed = generated_seed(dialogs=3, messages=4)
    chat = Sandbox(SandboxOptions(seed=seed)).chat
    assert seed == generated_seed(dialogs=3, messages=4)
    assert [len(dialog.messages) for dialog in chat.dialogs.values()] == [4, 4, 4]
    assert chat.messages[generated_message_id(2, 3)].dialog.id == generated_dialog_id(2)


def test_message_text_and_secrets_stay_out_of_what_a_test_prints() -> None:
    shown = repr(SEED) + repr(Sandbox(SandboxOptions(seed=SEED)).chat.messages)
    assert not any(each in shown for each in ("second", "p w+d&1", "eddf864695d72d33b959"))
