"""A company's project: the folder with `rundum.toml`, its own contracts, its store and its log.

Decides where things lie and what may be set. Must never open a store or a log.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from schemas.catalogue import Catalogue, load
from schemas.conform import near
from sinks.duckdb.database import MEMORY_LIMIT
from sinks.duckdb.reader import Limits
from streams import apis, brokers
from streams.apis import DEFAULT_API, Api, read_api
from streams.brokers import Kafka, pointed, read_kafka

FILE = "rundum.toml"
STORE = "store.duckdb"
LOG = "log.sqlite"
KEYS = {
    "project": ("name",),
    "store": ("path", "memory_limit"),
    "log": ("path", "keep_hours"),
    "run": ("host", "port"),
    "door": ("seconds", "rows", "queries"),
    "kafka": (*brokers.TEXTS, *brokers.NUMBERS),
    "api": apis.KEYS,
}
KEEP_HOURS = 24
HOST = "127.0.0.1"
PORT = 7300
LIMITS = Limits()
SIZE = re.compile(r"[1-9]\d*(\.\d+)?\s?[KMGT]i?B")
IGNORED = ("*.duckdb", "*.duckdb.*", "*.sqlite", "*.sqlite-wal", "*.sqlite-shm")

TEMPLATE = """\
# A Rundum project. Every key stands here with its default; leave out what you do not change.

[project]
name = {name}  # what people call it

[store]
path = "{store}"  # the DuckDB file; relative paths start at this folder
memory_limit = "{memory_limit}"  # what DuckDB may use; the process takes 350 to 650 MB more

[log]
path = "{log}"  # the SQLite file that everything is appended to before it lands in the store
keep_hours = {keep_hours}  # of what has landed, so that an older store from a backup can follow

[run]
host = "{host}"  # of /health and /metrics; "0.0.0.0" lets other machines ask
port = {port}

[door]  # what one question may take while `rundum run` has the store open
seconds = {seconds}
rows = {rows}
queries = {queries}  # at once; others wait

[kafka]  # where events come from once one file is too small: `rundum worker`
bootstrap = ""  # HOST:PORT, several divided by commas; empty: the embedded log
registry = ""  # of schemas, Confluent's REST dialect, such as "http://localhost:8081"
partitions = {partitions}  # of topics that are made
replication = {replication}
retention_hours = {retention_hours}  # of what Kafka keeps; what people decided is kept for ever
prefix = ""  # before the names of our topics, where others use the cluster too
group = "rundum"  # under which lag tools find how far the store is
outbox = "rundum.customers"  # topic that tells of customers that changed; empty: none
segments = "rundum.segments"  # topic that tells who came into a segment or left it; empty: none
security = "PLAINTEXT"  # or SSL, SASL_PLAINTEXT, SASL_SSL
mechanism = "PLAIN"  # or SCRAM-SHA-256, SCRAM-SHA-512
username = ""  # the password is in the environment: RUNDUM_KAFKA_PASSWORD
ca = ""  # files in PEM
certificate = ""
key = ""
registry_username = ""  # the password is in the environment: RUNDUM_REGISTRY_PASSWORD
registry_ca = ""

[api]  # segments and customers for other programs: `rundum api serve`
host = "{api_host}"  # "0.0.0.0" lets other machines ask: put a proxy with TLS before it then
port = {api_port}
access_log = ""  # the file that each access to personal data is added to; empty: standard output
keep_days = {keep_days}  # of what changed in segments; who asks less often reads the members anew

[api.tokens]  # `rundum api token NAME` makes one, and the line that belongs here
"""
NUMBERS: dict[str, int] = {
    "log.keep_hours": KEEP_HOURS, "run.port": PORT, "door.seconds": int(LIMITS.seconds),
    "door.rows": LIMITS.rows, "door.queries": LIMITS.queries,
}  # fmt: skip
PARTS = {  # folders of a project, and what their README.md says
    "schemas": """\
Your own contracts: a folder `<channel>/<source>` for each source; `rundum schemas new` writes a first one.
Kinds of identifier and traits of your own go to `identifiers.toml` and `traits.toml` in this folder.
""",
    "kpis": """\
Your own KPIs: a file `<name>.sql` for each; one of the name of a KPI that ships takes its place.
`rundum kpi` lists all; what stands in a file is in the section KPIs of Rundum's sinks/README.md.
""",
    "segments": """\
Your own segments: a file `<name>.sql` for each; `rundum segments preview` and `apply` take it by its name.
What stands in a file is in the section Segments of Rundum's sinks/README.md.
""",
    "traits": """\
Your own computed traits: a file `<name>.sql` for each; `rundum traits preview` and `apply` take it by name.
What stands in a file is in the section Segments of Rundum's sinks/README.md.
""",
    "destinations": """\
Tools that segments go to: a file `<name>.toml` for each; `rundum destinations preview` shows whom it reaches.
What stands in a file is in the section Destinations of Rundum's sinks/README.md; secrets never do.
""",
}


class SettingsError(ValueError):
    """A project that cannot be used; the text names file, key and mend."""

    def __init__(self, file: Path, key: str, mend: str) -> None:
        """`key` is dotted, empty for the whole file; `mend` says what to do."""
        super().__init__(f"{file}: {key}: {mend}" if key else f"{file}: {mend}")
        self.file, self.key, self.mend = file, key, mend


@dataclass(frozen=True)
class Project:
    """Where a project's things lie. `schemas` is None if it has no contracts of its own."""

    root: Path
    name: str
    store: Path
    log: Path
    schemas: Path | None
    memory_limit: str = MEMORY_LIMIT
    keep_hours: int = KEEP_HOURS
    port: int = PORT
    limits: Limits = LIMITS
    kafka: Kafka | None = None
    host: str = HOST
    api: Api = DEFAULT_API

    @property
    def kpis(self) -> Path:
        """The folder of the project's own KPIs, which need not be there."""
        return self.root / "kpis"


def find_project(start: Path) -> Path | None:
    """The nearest folder with a `rundum.toml`, from `start` upwards."""
    here = start.absolute()
    return next((folder for folder in (here, *here.parents) if (folder / FILE).is_file()), None)


def read_project(folder: Path) -> Project:
    """The project in a folder. Raises SettingsError."""
    file = folder / FILE
    tables = _tables(file)
    store = folder / _text(file, tables, "store.path", STORE)
    log = folder / _text(file, tables, "log.path", LOG)
    if store == log:
        raise SettingsError(file, "log.path", "is the store's file; give the log one of its own")
    memory_limit = _text(file, tables, "store.memory_limit", MEMORY_LIMIT)
    if not SIZE.fullmatch(memory_limit):
        raise SettingsError(file, "store.memory_limit", 'must be a size such as "1200MB" or "4GB"')
    name = _text(file, tables, "project.name", folder.absolute().name or "project")
    schemas = folder / "schemas"
    number = {key: _number(file, tables, key, default) for key, default in NUMBERS.items()}

    def refusal(table: str) -> Callable[[str, str], SettingsError]:
        return lambda key, mend: SettingsError(file, f"{table}.{key}", mend)

    return Project(
        folder, name, store, log, schemas if schemas.is_dir() else None, memory_limit,
        number["log.keep_hours"], number["run.port"],
        Limits(number["door.seconds"], number["door.rows"], number["door.queries"]),
        read_kafka(tables.get("kafka", {}), folder, refusal("kafka")), _text(file, tables, "run.host", HOST),
        read_api(tables.get("api", {}), folder, refusal("api")),
    )  # fmt: skip


def grown(project: Project, bootstrap: str | None, registry: str | None) -> Project:
    """The project with the cluster and registry that the command line names. Raises SettingsError."""
    told = pointed(project.kafka, bootstrap, registry)
    if told is None:
        mend = "name the cluster and its registry, there or by --kafka and --registry"
        raise SettingsError(project.root / FILE, "kafka.bootstrap", mend)
    return replace(project, kafka=told)


def contracts_of(project: Project) -> Catalogue:
    """The contracts that ship and the project's own, as they are now. Raises ContractError."""
    return load([project.schemas] if project.schemas else [])


def loose_project(store: Path) -> Project:
    """What a store outside any project stands in: the shipped contracts, and a log beside the store."""
    return Project(store.parent, store.stem, store, store.with_suffix(".log.sqlite"), None)


def init_project(folder: Path) -> Project:
    """Makes a project in a folder, new or not. Raises SettingsError rather than overwrite one."""
    file = folder / FILE
    if file.exists():
        raise SettingsError(file, "", "is there already; choose another folder")
    try:
        for part, text in PARTS.items():
            (folder / part).mkdir(parents=True, exist_ok=True)
            _keep(folder / part / "README.md", text)
        name = json.dumps(folder.absolute().name or "project", ensure_ascii=False)
        _ignore(folder / ".gitignore")
        numbers = {key.partition(".")[2]: value for key, value in NUMBERS.items()} | brokers.NUMBERS
        text = TEMPLATE.format(
            name=name, store=STORE, log=LOG, memory_limit=MEMORY_LIMIT, host=HOST, **numbers, **apis.DEFAULTS
        )
        file.write_text(text, "utf-8")
    except OSError as error:
        where = Path(error.filename or folder)
        raise SettingsError(
            where, "", f"{error.strerror}; choose another folder or mend its rights"
        ) from None
    return read_project(folder)


def _tables(file: Path) -> dict[str, dict[str, Any]]:
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        mend = f"is not there; make a project with `rundum init {file.parent}`, or name another by --project"
        raise SettingsError(file, "", mend) from None
    except OSError as error:
        raise SettingsError(file, "", f"cannot be read ({error.strerror}); mend its rights") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(file, "", f"is not TOML: {error}") from None
    for name, table in tables.items():
        if name not in KEYS:
            raise SettingsError(file, name, f"unknown key; {near(name, tuple(KEYS))}")
        if not isinstance(table, dict):
            raise SettingsError(file, name, f"must be a table: [{name}]")
        for key in table:
            if key not in KEYS[name]:
                raise SettingsError(file, f"{name}.{key}", f"unknown key; {near(key, KEYS[name])}")
    return tables


def _text(file: Path, tables: dict[str, dict[str, Any]], key: str, default: str) -> str:
    table, _, name = key.partition(".")
    value = tables.get(table, {}).get(name, default)
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(file, key, f"must be a text that is not empty, such as {json.dumps(default)}")
    return value


def _number(file: Path, tables: dict[str, dict[str, Any]], key: str, default: int) -> int:
    table, _, name = key.partition(".")
    value = tables.get(table, {}).get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < (0 if name == "keep_hours" else 1):
        raise SettingsError(file, key, f"must be a whole number above 0, such as {default}")
    return value


def _keep(file: Path, text: str) -> None:
    if not file.exists():
        file.write_text(text, "utf-8")


def _ignore(file: Path) -> None:
    """Store and log hold personal data: they never belong into a repository."""
    known = file.read_text("utf-8") if file.exists() else ""
    missing = [line for line in IGNORED if line not in known.splitlines()]
    if missing:
        start = known if not known or known.endswith("\n") else known + "\n"
        file.write_text(start + "\n".join(missing) + "\n", "utf-8")
