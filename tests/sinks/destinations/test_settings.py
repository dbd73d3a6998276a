"""What a destination's file may say, and what people read when it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.destinations.calls import Http
from sinks.destinations.kinds import Folder, Kafka, Webhook
from sinks.destinations.settings import (
    Destination,
    DestinationError,
    check_secrets,
    load_destinations,
    read_destination,
)

HEAD = 'segment = "lapsed"\npurpose = "newsletter"\ncontact = "email"\n'
WEBHOOK = (
    'kind = "webhook"\n' + HEAD + '[webhook]\nurl = "https://tool.example/hook"\nsecret = "TOOL_SECRET"\n'
)
HTTP = 'kind = "http"\n' + HEAD + '[fields]\ncity = "city"\n[http]\nurl = "https://tool.example/people"\n'
SEND = HTTP + 'body = { email = "{contact}", do = "{action}" }\n'
FILE = 'kind = "file"\n' + HEAD + '[file]\nfolder = "out"\n'
ADDRESS = 'fields = { "First Name" = "first_name", "Last Name" = "last_name", Country = "country" }\n'


def read(folder: Path, text: str, name: str = "news") -> Destination:
    file = folder / f"{name}.toml"
    file.write_text(text, "utf-8")
    return read_destination(file)


def test_a_short_file_has_careful_defaults(tmp_path: Path) -> None:
    made = read(tmp_path, WEBHOOK)
    assert made.how == Webhook("https://tool.example/hook", "TOOL_SECRET", 100, 15.0)
    assert (made.name, made.kind, made.segment, made.purpose) == ("news", "webhook", "lapsed", "newsletter")
    assert (made.contact, made.fields, made.exclude) == ("email", {}, ("open_complaint",))
    assert (made.max_change, made.owner, made.description) == (0.2, "", "")


def test_every_key_can_be_said(tmp_path: Path) -> None:
    made = read(
        tmp_path,
        'owner = "anna@shop.example"\ndescription = "who has not bought for long"\nmax_change = "12.5%"\n'
        'exclude = []\nfields = { town = "city", days = "reason.days_since_order" }\n'
        + WEBHOOK.replace('contact = "email"', 'contact = "phone"')
        + "batch = 7\ntimeout = 2.5\n",
    )
    assert made.fields == {"town": "city", "days": "reason.days_since_order"}
    assert (made.contact, made.exclude, made.max_change) == ("phone", (), 0.125)
    assert made.how == Webhook("https://tool.example/hook", "TOOL_SECRET", 7, 2.5)
    assert read(tmp_path, "max_change = 1\n" + WEBHOOK).max_change == 1


def test_the_other_kinds(tmp_path: Path) -> None:
    assert read(tmp_path, FILE).how == Folder("out", "csv", "plain", is_hashed=False)
    assert read(tmp_path, FILE + 'columns = "meta"').how == Folder("out", "csv", "meta", is_hashed=True)
    assert read(tmp_path, 'kind = "kafka"\n' + HEAD + '[kafka]\ntopic = "crm.audience"').how == Kafka(
        "crm.audience"
    )
    how = read(tmp_path, SEND + 'headers = { Authorization = "Bearer {env:TOKEN}" }\n').how
    assert isinstance(how, Http)
    assert (how.send.method, how.remove, how.batch) == ("POST", None, 1)


REFUSED = {
    "no purpose": (WEBHOOK.replace('purpose = "newsletter"', ""), "purpose", "only people whose consent"),
    "empty purpose": (WEBHOOK.replace('"newsletter"', '" "'), "purpose", "not empty"),
    "no segment": (WEBHOOK.replace('segment = "lapsed"', ""), "segment", "is missing"),
    "unknown key": ("segmnt = 1\n" + WEBHOOK, "segmnt", "did you mean segment?"),
    "paused": ("paused = true\n" + WEBHOOK, "paused", "unknown key"),
    "unknown kind": (WEBHOOK.replace('"webhook"', '"webhok"'), "kind", "did you mean webhook?"),
    "no table": ('kind = "webhook"\n' + HEAD, "webhook", "write a table [webhook]"),
    "two kinds": (WEBHOOK + '[kafka]\ntopic = "t"\n', "kafka", "take one of them out"),
    "a table that is none": ('kind = "kafka"\nkafka = 1\n' + HEAD, "kafka", "must be a table"),
    "contact": (WEBHOOK.replace('"email"', '"mail"'), "contact", "did you mean email?"),
    "secret in the file": (
        WEBHOOK.replace("TOOL_SECRET", "whsec_MfKQ9r8G"),
        "webhook.secret",
        "the secret itself",
    ),
    "secret's name": (
        WEBHOOK.replace("TOOL_SECRET", "a b"),
        "webhook.secret",
        "name of an environment variable",
    ),
    "password in the url": (
        WEBHOOK.replace("https://", "https://me:pass@"),
        "webhook.url",
        "secrets never stand",
    ),
    "token in the url": (
        WEBHOOK.replace("/hook", "/hook?a=1&access_token=x"),
        "webhook.url",
        "holds a secret",
    ),
    "no host": (WEBHOOK.replace("tool.example", "[::zz]"), "webhook.url", "such as https://"),
    "fragment": (WEBHOOK.replace("/hook", "/#hook"), "webhook.url", "such as https://"),
    "token in the body": (
        HTTP + 'body = [{ a = "{contact}", b = "{action}", api_key = "1" }]',
        "http.body",
        "looks like a secret",
    ),
    "endless JSON": (HTTP + f"body = '{'[' * 100_000}'", "http.body", "is not JSON"),
    "no url": (WEBHOOK.replace("https://", "ftp://"), "webhook.url", "such as https://tool.example/hook"),
    "port": (WEBHOOK.replace("example/", "example:99999/"), "webhook.url", "such as https://"),
    "placeholder in a webhook": (WEBHOOK.replace("/hook", "/{contact}"), "webhook.url", 'kind = "http"'),
    "no batch": (WEBHOOK + "batch = 0", "webhook.batch", "whole number from 1"),
    "batch as text": (WEBHOOK + 'batch = "9"', "webhook.batch", "whole number from 1"),
    "timeout": (WEBHOOK + "timeout = inf", "webhook.timeout", "at most 300"),
    "change": ('max_change = "120%"\n' + WEBHOOK, "max_change", "from 0 to 1"),
    "change that is none": ("max_change = nan\n" + WEBHOOK, "max_change", '"20%"'),
    "change is true": ("max_change = true\n" + WEBHOOK, "max_change", '"20%"'),
    "exclude itself": ('exclude = ["lapsed"]\n' + WEBHOOK, "exclude", "leave nobody"),
    "exclude is a text": ('exclude = "vip"\n' + WEBHOOK, "exclude", "list of texts"),
    "column": ('fields = { a = "city; DROP" }\n' + WEBHOOK, "fields.a", "is no column"),
    "another contact point": (
        'fields = { tel = "phone" }\n' + WEBHOOK,
        "fields.tel",
        "consent is given for each",
    ),
    "broken TOML": ("kind = ", "", "is not TOML"),
    "leads out": (FILE.replace('"out"', '"../out"'), "file.folder", "leads out of the project"),
    "leads to the root": (FILE.replace('"out"', '"/etc"'), "file.folder", "leads out of the project"),
    "plain hash": (FILE + "hash = true", "file.hash", "columns of an ad tool"),
    "contact as a field": ('fields = { email = "city" }\n' + FILE, "file.columns", "rename it"),
    "ad tool's columns": (
        'fields = { Town = "city" }\n' + FILE + 'columns = "google"',
        "file.columns",
        "First Name",
    ),
    "half an address": (ADDRESS + FILE + 'columns = "google"', "file.columns", "add Zip"),
    "topic": ('kind = "kafka"\n' + HEAD + '[kafka]\ntopic = "a b"', "kafka.topic", "is not a topic's name"),
    "removal like addition": (
        HTTP + 'body = { a = "{contact}" }',
        "http.remove",
        "would look like an addition",
    ),
    "removal with a field": (
        SEND.replace("/people", "/{field.city}"),
        "http.remove",
        "removals carry no fields",
    ),
    "removal at a field's url": (
        SEND.replace("/people", "/{field.city}") + '[http.remove]\nbody = { a = "{contact}" }',
        "http.remove.url",
        "write another",
    ),
    "field of a removal": (
        SEND + '[http.remove]\nbody = { a = "{contact}", b = "{field.city}" }',
        "http.remove.body",
        "no target",
    ),
    "nobody": (HTTP + 'body = { a = "{action}" }', "http.body", "whom it is about"),
    "unknown placeholder": (HTTP + 'body = { a = "{contct}" }', "http.body", "did you mean contact?"),
    "unknown field": (HTTP + 'body = { a = "{field.cty}" }', "http.body", "did you mean field.city?"),
    "placeholder in a key": (HTTP + 'body = { "{contact}" = 1 }', "http.body", "keys hold no placeholders"),
    "row chooses the host": (SEND.replace("tool.example", "{contact}"), "http.url", "after the host only"),
    "row chooses the end of the host": (
        SEND.replace("/people", "{contact}"),
        "http.url",
        "after the host only",
    ),
    "text that is not JSON": (HTTP + "body = 'email={contact}'", "http.body", "is not JSON"),
    "time": (HTTP + "body = { a = 2026-01-01 }", "http.body", "is not JSON"),
    "secret header": (SEND + 'headers = { X-Api-Key = "123" }', "http.headers.X-Api-Key", "{env:NAME}"),
    "header's name": (SEND + 'headers = { "a b" = "1" }', "http.headers.a b", "no name of a header"),
    "header's end": (SEND + 'headers = { a = "1\\r\\nb: 2" }', "http.headers.a", "line break"),
    "our header": (SEND + 'headers = { Host = "other" }', "http.headers.Host", "set for you"),
    "variable": (SEND + 'headers = { a = "{env:A B}" }', "http.headers.a", "{env:NAME}"),
    "method": (SEND + 'method = "GET"', "http.method", "POST, PUT, PATCH, DELETE"),
    "accept": (SEND + "accept = [500]", "http.accept", "from 400 to 499"),
    "accept a wrong key": (SEND + "accept = [401]", "http.accept", "never means"),
    "batch without rows": (SEND + "batch = 5", "http.body", "must hold {rows}"),
    "rows without row": (
        HTTP + 'body = "{rows}"\nremove = { body = "{rows}" }',
        "http.remove.row",
        "is missing",
    ),
    "row beside rows": (
        HTTP + 'body = { all = "{rows}", one = "{contact}" }\nrow = "{action}"',
        "http.body",
        "outside of row",
    ),
    "row in a header of rows": (
        HTTP + 'body = "{rows}"\nrow = ["{contact}", "{action}"]\nheaders = { who = "{contact}" }',
        "http.headers.who",
        "of one row",
    ),
    "removal's row has fields": (
        HTTP + 'body = "{rows}"\nrow = ["{contact}", "{field.city}"]\nremove = { body = "{rows}" }',
        "http.remove.row",
        "removals carry no fields",
    ),
}


@pytest.mark.parametrize(("text", "key", "mend"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_with_place_and_mend(
    tmp_path: Path, text: str, key: str, mend: str
) -> None:
    with pytest.raises(DestinationError) as refused:
        read(tmp_path, text)
    assert refused.value.key == key
    assert mend in refused.value.mend
    assert str(refused.value).startswith(str(tmp_path / "news.toml"))


def test_what_only_looks_like_a_secret_is_taken(tmp_path: Path) -> None:
    text = SEND.replace("/people", "/people?access_token={env:KEY}&tokens=3").replace(
        "body = {", 'body = { secret = "{env:KEY}", token_type = "x",'
    )
    how = read(tmp_path, text + 'headers = { X-Author = "us" }').how
    assert isinstance(how, Http)


def test_a_file_with_a_bad_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="rename it"):
        read(tmp_path, WEBHOOK, "Mein Newsletter")


def test_a_broken_file_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("kind = ")
    (tmp_path / "b.toml").write_text(WEBHOOK)
    (tmp_path / "c.toml").write_bytes(b"\xff")
    (tmp_path / "d.toml").mkdir()
    (tmp_path / "notes.md").write_text("nothing of ours")
    found, faults = load_destinations(tmp_path)
    assert list(found) == ["b"]
    assert [fault.file.name for fault in faults] == ["a.toml", "c.toml", "d.toml"]
    assert load_destinations(tmp_path / "nowhere") == ({}, [])


def test_missing_secrets_are_told_by_name(tmp_path: Path) -> None:
    webhook = read(tmp_path, WEBHOOK)
    assert [fault.key for fault in check_secrets(webhook, {})] == ["webhook.secret"]
    assert "TOOL_SECRET" in str(check_secrets(webhook, {"TOOL_SECRET": " "})[0])
    assert check_secrets(webhook, {"TOOL_SECRET": "x"}) == []
    http = read(tmp_path, SEND + 'headers = { Authorization = "Bearer {env:TOKEN}" }\n')
    assert "TOKEN" in str(check_secrets(http, {})[0])
    assert check_secrets(read(tmp_path, FILE), {}) == []
