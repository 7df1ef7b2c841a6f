# SPDX-License-Identifier: LGPL-3.0-only
"""Databases with modules installed, copied from templates where nothing changed."""

import ast
import hashlib
import json
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from psycopg2 import sql

from . import settings
from .cluster import Cluster
from .file_store import FileStore
from .lock import locked
from .odoo_server import command_line
from .processes import last_line
from .settings import LOCAL, LOGS, StackError

# The first becomes the language of users and of the website, until they choose.
LANGUAGES = "en_US,zh_CN"
# What does not change a database when it changes.
LEFT_OUT = {"tests", "__pycache__"}
#: Of a script that collides with what a running server writes.
TRIES = 3
SHELL_FRAME = """\
values = json.loads({values!r})
result = None
{script}
env.cr.commit()
env.registry.signal_changes()
with open({answer!r}, "w") as stream:
    json.dump(result, stream)
"""


class Database:
    """One Odoo database of this checkout.

    `log` gets what Odoo says meanwhile, `environment` is added to its environment.
    """

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        log: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.cluster = cluster
        self.name = name
        self.log = log or LOGS / "database" / f"{name}.log"
        self.environment = environment or {}

    # Making -------------------------------------------------------------------

    def provide(self, modules: Iterable[str]) -> str:
        """See that the database exists with these modules in their present state.

        Returns what it took: "reused" when nothing changed, "updated" when add-ons
        changed, "made" when there was none.
        """
        wanted = sorted(modules)
        mark = _product_mark(wanted)
        if not self.cluster.exists(self.name):
            self.make(wanted)
            return "made"
        if self._comment() == mark:
            return "reused"
        self.odoo(f"--update={','.join(wanted)}", f"--init={','.join(wanted)}")
        self._set_comment(mark)
        return "updated"

    def make(self, modules: Iterable[str]) -> None:
        """Make the database anew as a copy of a template with these modules."""
        wanted = sorted(modules)
        mark = _product_mark(wanted)
        template = f"{_family('product', wanted, self.cluster)}_{mark}"
        with locked(LOCAL / "templates.lock"):
            if not _can_be_copied(self.cluster, template):
                core = make_core_template(self.cluster, wanted)
                self._make_template(template, core, wanted)
            self.copy_from(template)
        self._set_comment(mark)

    def make_elsewhere(self, modules: Iterable[str], workshop: Cluster) -> None:
        """Make the database anew on a server that has its templates, and move it."""
        workshop.start()
        work = Database(workshop, self.name, self.log)
        work.make(modules)
        self.cluster.drop_database(self.name)
        self.cluster.create_database(self.name)
        with tempfile.TemporaryDirectory() as folder:
            dump = str(Path(folder, "dump"))
            words = ("--format=directory", "--compress=0", "--jobs=2")
            workshop.client("pg_dump", *words, f"--file={dump}", self.name)
            words = ("--no-owner", "--no-comments", "--exit-on-error", "--jobs=2")
            self.cluster.client("pg_restore", *words, f"--dbname={self.name}", dump)
        workshop.drop_database(self.name)

    def copy_from(self, template: str) -> None:
        """Replace the database by a copy, with an identity of its own."""
        self.drop()
        self.cluster.create_database(self.name, template)
        source, target = FileStore(template).folder, FileStore(self.name).folder
        if source.exists():
            # Files of the store never change: links will do, and cost nothing.
            command = ["cp", "--archive", "--link", str(source), str(target)]
            subprocess.run(command, check=True)
        for key in ("database.secret", "database.uuid"):
            self._execute(
                "UPDATE ir_config_parameter SET value = %s WHERE key = %s",
                (str(uuid.uuid4()), key),
            )

    def allow_demo(self) -> None:
        """Have demo data loaded with what is installed from now on.

        Odoo leaves out the demo data of a module whose dependencies have none.
        """
        self._execute("UPDATE ir_module_module SET demo = true", ())

    def drop(self) -> None:
        """Delete the database and its files; none is fine."""
        self.cluster.drop_database(self.name)
        shutil.rmtree(FileStore(self.name).folder, ignore_errors=True)

    def _make_template(self, name: str, core: str, modules: list[str]) -> None:
        family = name.rpartition("_")[0]
        work = Database(self.cluster, f"{name}_new", self.log)
        work.copy_from(core)
        work.odoo(f"--init={','.join(modules)}")
        _replace_template(work, name, family)

    # Using --------------------------------------------------------------------

    def odoo(self, *arguments: str, script: str | None = None) -> None:
        """Run Odoo on this database until it stops by itself.

        `script` becomes its standard input. StackError when it fails.
        """
        words = list(arguments)
        words += [f"--database={self.name}", "--no-http", "--workers=0"]
        words += ["--max-cron-threads=0", "--skip-auto-install"]
        words += [] if script else ["--stop-after-init"]
        command, environment = command_line(self.cluster, words)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            code = subprocess.run(
                command,
                env=environment | self.environment,
                input=(script or "").encode(),
                stdout=output,
                stderr=output,
                cwd="/",
                check=False,
            ).returncode
        if code:
            reason = last_line(self.log)
            raise StackError(
                f"Odoo failed on database {self.name}: {reason} (see {self.log})"
            )

    def shell(self, script: str, **values: Any) -> Any:
        """Run Python in Odoo's shell (`env` and `values` are there) and commit.

        What the script leaves in `result` comes back; both ways JSON only.
        """
        with tempfile.NamedTemporaryFile(suffix=".json") as answer:
            text = "import json\n" + SHELL_FRAME.format(
                values=json.dumps(values), script=script, answer=answer.name
            )
            self._run_shell(text)
            return json.load(answer)

    def _run_shell(self, script: str) -> None:
        for tries_left in reversed(range(TRIES)):
            try:
                self.odoo("shell", script=script)
                return
            except StackError as error:
                # A server that runs may write the same rows: as Odoo repeats a request.
                if not tries_left or "could not serialize access" not in str(error):
                    raise

    def _execute(self, query: str, values: tuple = ()) -> None:
        connection = self.cluster.connect(self.name)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values)
        finally:
            connection.close()

    def _comment(self) -> str | None:
        connection = self.cluster.connect(self.name)
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
                    " WHERE datname = current_database()"
                )
                return cursor.fetchone()[0]
        finally:
            connection.close()

    def _set_comment(self, text: str) -> None:
        statement = sql.SQL("COMMENT ON DATABASE {} IS {}").format(
            sql.Identifier(self.name), sql.Literal(text)
        )
        self._execute(statement)


def make_core_template(cluster: Cluster, modules: Iterable[str]) -> str:
    """Name of a database with what these modules need of Odoo itself, made once."""
    needed = core_dependencies(modules)
    family = _family("core", needed, cluster)
    release = (settings.odoo_dir() / "odoo" / "release.py").read_text()
    requirements = (settings.ROOT / "requirements.txt").read_text()
    template = f"{family}_{_digest([release, requirements, LANGUAGES])}"
    if not _can_be_copied(cluster, template):
        work = Database(cluster, f"{template}_new")
        work.drop()
        cluster.create_database(work.name)
        work.odoo(f"--init={','.join(needed)}", f"--load-language={LANGUAGES}")
        _replace_template(work, template, family)
    return template


def _family(kind: str, modules: list[str], cluster: Cluster) -> str:
    """First part of the names of templates that replace each other.

    A server that is not ours may have those of other checkouts, whose files are there.
    """
    place = [str(settings.ROOT)] if cluster.external else []
    return f"recall_{kind}_{_digest([*modules, *place])}"


def _can_be_copied(cluster: Cluster, template: str) -> bool:
    """Whether a template is there; one whose files are gone is dropped."""
    if FileStore(template).folder.exists():
        return cluster.exists(template)
    cluster.drop_database(template)
    return False


def _replace_template(work: Database, name: str, family: str) -> None:
    """Give a finished template its name; older ones of its family go."""
    for old in work.cluster.databases(f"{family}_"):
        if old not in (work.name, name):
            Database(work.cluster, old).drop()
    work.cluster.rename_database(work.name, name)
    files = FileStore(work.name).folder
    if files.exists():
        files.rename(FileStore(name).folder)


def own_modules() -> dict[str, Path]:
    """Folder of each add-on of this checkout, those for tests included."""
    folders = (settings.ADDONS, settings.TEST_ADDONS)
    manifests = (path for f in folders for path in f.glob("*/__manifest__.py"))
    return {path.parent.name: path.parent for path in manifests}


def core_dependencies(modules: Iterable[str]) -> list[str]:
    """What these modules need, directly or through each other, of Odoo itself."""
    own = own_modules()
    return sorted({d for m in _with_own(modules) for d in _depends(own[m])} - set(own))


def _with_own(modules: Iterable[str]) -> set[str]:
    """The modules with all of this checkout that they need."""
    own, found, waiting = own_modules(), set(), list(modules)
    while waiting:
        module = waiting.pop()
        if module in found or module not in own:
            continue
        found.add(module)
        waiting += _depends(own[module])
    return found


def _depends(folder: Path) -> list[str]:
    manifest = ast.literal_eval((folder / "__manifest__.py").read_text())
    return manifest.get("depends", ["base"])


def _product_mark(modules: list[str]) -> str:
    """Digest of the source of the modules and of what they need here."""
    own = own_modules()
    unknown = [module for module in modules if module not in own]
    if unknown:
        raise StackError(f"no such add-on in this checkout: {', '.join(unknown)}")
    digest = hashlib.sha256()
    for module in sorted(_with_own(modules)):
        for path in sorted(own[module].rglob("*")):
            name = path.relative_to(own[module])
            if path.is_file() and not LEFT_OUT & set(name.parts):
                digest.update(f"{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]
