"""The loop's handler: what each request does with the one project, and what is done when nothing is asked."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from floe_dbt_worker import discovery
from floe_dbt_worker.compiling import Compiled, Compiling, with_limit
from floe_dbt_worker.configuration import Configuration, working_dir
from floe_dbt_worker.environment import hello
from floe_dbt_worker.file_lint import FileLint, without_bom
from floe_dbt_worker.fixing import fixed_text
from floe_dbt_worker.garbage import Garbage
from floe_dbt_worker.issues import dbt_issue
from floe_dbt_worker.lint_cache import LintCache, fingerprint
from floe_dbt_worker.linting import Answer, Linting
from floe_dbt_worker.loading import Loading
from floe_dbt_worker.loop import BACKGROUND, COMPILE, INTERACTIVE, NORMAL, Job, Loop, Steps
from floe_dbt_worker.memory import resident_bytes
from floe_dbt_worker.paths import ProjectPaths
from floe_dbt_worker.private_folder import PrivateFolder
from floe_dbt_worker.project import DbtProject
from floe_dbt_worker.project_lint import ProjectLint
from floe_dbt_worker.protocol import Channel, RequestFailed
from floe_dbt_worker.reports import LintReport
from floe_dbt_worker.streams import forward_logs


class Session:
    """Everything but `disturb` and `stop` runs on the main thread."""

    def __init__(self, channel: Channel, loop: Loop) -> None:
        self._channel = channel
        self._loop = loop
        self._hello: dict[str, Any] = {}
        self._last_use = time.monotonic()
        self._file_lint: FileLint | None = None
        """Made at the first request that needs SQLFluff."""
        self._project_lint: ProjectLint | None = None
        """The one that runs, or the last one."""
        self._garbage: Garbage
        self._paths: ProjectPaths
        self._project: DbtProject
        self._configuration: Configuration
        self._linting: Linting
        self._compiling: Compiling
        self._loading: Loading
        self._cache_dir: str | None
        self._target_dir: str

    def urgency(self, method: str, params: dict[str, Any]) -> int:
        if method == "lint":
            if params.get("interactive"):
                return INTERACTIVE
            return NORMAL if len(params.get("paths") or []) == 1 else BACKGROUND
        if method == "compile":
            return COMPILE
        if method == "manifest":
            return BACKGROUND
        return NORMAL if method == "parse" else INTERACTIVE

    def start(self, job: Job) -> Steps:
        return self._letting_go(self._steps(job))

    def _letting_go(self, steps: Steps) -> Steps:
        """Before it is answered: whoever asked may run dbt next, in another process, on the same database file."""
        try:
            return (yield from steps)
        finally:
            try:
                if self._hello and self._project.loaded:
                    self._project.disconnect(0)
            except Exception as error:  # the answer is there all the same
                self._channel.log("warn", f"The database could not be let go of: {error!r}")

    def _steps(self, job: Job) -> Steps:
        self._last_use = time.monotonic()
        if job.method == "initialize":
            return _at_once(self._initialize(job.params))
        if not self._hello:
            raise RequestFailed("internal", "The first request must be initialize.")
        if job.method == "status":
            return _at_once({"memoryBytes": resident_bytes(), "state": self._loading.state})
        if job.method == "parse":
            return self._parse()
        if job.method == "lint":
            return self._lint(job)
        if job.method == "fix":
            return self._fix(job)
        if job.method == "compile":
            return self._compile(job)
        if job.method == "manifest":
            return self._manifest(job)
        raise RequestFailed("internal", f"The worker knows no request {job.method!r}.")

    def answered(self) -> None:
        if self._hello:
            self._garbage.answered()

    def notify(self, method: str, params: dict[str, Any]) -> None:
        if method != "filesChanged" or not self._hello:
            return
        for path in map(self._paths.inner, params.get("paths") or []):
            self._loading.file_changed(path)

    def idle(self) -> float | None:
        if not self._hello or self._loading.state == "starting":
            return None
        if self._loading.due:
            self._loading.load(in_background=True)
            return 0.3 if self._loading.due else 0.05
        if self._loading.warm_up():
            return 0.05
        self._garbage.collect()
        if self._project.loaded:
            self._project.disconnect(time.monotonic() - self._last_use)
        return 30 if time.monotonic() - self._last_use < 60 else None

    def disturb(self) -> None:
        if self._hello:
            self._loading.disturb()

    def cancelled(self, job: Job) -> None:
        """What may be stopped in the middle is stopped by the loop."""

    def stop(self) -> None:
        if self._project_lint is not None:
            self._project_lint.kill()
        if self._hello:
            self._project.updates.discard()
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            # dbt's locks; without this Python complains of them on stderr.
            getattr(util, "_run_finalizers", lambda priority: None)(0)

    def _initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        try:
            asked_dir, private_dir = str(params["projectDir"]), str(params["privateDir"])
        except KeyError as missing:
            raise RequestFailed("internal", f"initialize needs {missing}.") from None
        if not os.path.isdir(asked_dir):
            raise RequestFailed("configuration", f"{asked_dir} is not a folder.")
        self._paths = ProjectPaths(asked_dir)
        workspace = params.get("workspaceDir")
        os.chdir(working_dir(self._paths.dir, os.path.realpath(workspace) if workspace else None))
        private = PrivateFolder(private_dir, self._channel.log)
        private.point_dbt_here()
        self._cache_dir = private.cache_dir
        self._target_dir = private.target_dir
        self._project = DbtProject(self._paths.dir, private, self._channel.log)
        options = {
            "project_dir": self._paths.dir,
            "profiles_dir": params.get("profilesDir") or _profiles_dir_in(self._paths.dir),
            "target": params.get("target"),
            "target_path": private.target_dir,
        }
        self._configuration = Configuration(self._paths.dir, options, params.get("adapterType"))
        self._linting = Linting(self._project, self._configuration)
        self._compiling = Compiling(self._project)
        self._garbage = Garbage()
        described = hello()
        self._loading = Loading(
            self._channel,
            self._loop,
            self._garbage,
            self._paths,
            described,
            self._project,
            self._configuration,
            self._linting,
            options,
        )
        self._hello = described
        return described

    def _parse(self) -> Steps:
        self._loading.ready()
        if self._loading.due:
            self._loading.load(in_background=False)
        yield from ()
        shortcoming = self._loading.shortcoming
        return {
            "state": self._loading.state,
            "reason": shortcoming.message if shortcoming else None,
            "target": self._project.target_name,
            "adapter": self._project.adapter_type,
        }

    def _lint(self, job: Job) -> Steps:
        if job.params.get("paths") is not None and self._without_linter is not None:
            return (yield from self._lint_by_dbt(job))
        file_lint = self._ready()
        if self._loading.due and not job.params.get("interactive"):
            self._loading.load(in_background=False)
        report = LintReport(self._channel, self._paths, job)
        texts = {self._paths.inner(path): text for path, text in (job.params.get("texts") or {}).items()}
        asked = job.params.get("paths")
        if asked is None:
            files = self._loading.whole_project()
        else:
            files = [
                file for path in asked for file in discovery.expand(self._paths.inner(path), self._configuration)
            ]
        files += [path for path in texts if path not in files]
        if len(files) > 1:
            self._garbage.collect()
            self._project_lint = ProjectLint(file_lint, self._linting, report, self._channel.log)
            try:
                yield from self._project_lint.steps(job, files, texts)
            finally:
                self._garbage.collect()
        elif files:
            path = files[0]
            answer = yield from file_lint.lint(job, path, texts.get(path), lambda issues: report.wave(path, issues))
            report.file(path, answer)
        return report.result()

    def _lint_by_dbt(self, job: Job) -> Steps:
        """What dbt says of single files, where there is no SQLFluff to say more."""
        self._loading.ready()
        report = LintReport(self._channel, self._paths, job)
        texts = {self._paths.inner(path): text for path, text in (job.params.get("texts") or {}).items()}
        for path in map(self._paths.inner, job.params["paths"]):
            report.file(path, self._dbt_answer(path, texts.get(path)))
            yield
        return report.result()

    def _dbt_answer(self, path: str, text: str | None) -> Answer:
        if not self._project.loaded:
            return Answer(skipped="dbt cannot read the project")
        try:
            error = self._compiled(path, text, False).error
        except RequestFailed as failure:
            return Answer(skipped=failure.message)
        if error is None:
            return Answer(skipped=self._without_linter)
        return Answer([dbt_issue(error["message"], error["line"], error["column"])])

    def _compile(self, job: Job) -> Steps:
        self._loading.ready_for_dbt()
        yield from ()
        path = self._paths.inner(str(job.params.get("path")))
        limit = job.params.get("limit")
        compiled = self._compiled(path, job.params.get("text"), bool(job.params.get("fragment")))
        answer = compiled.to_json()
        if limit is not None and compiled.sql is not None:
            answer["query"] = with_limit(self._project, compiled.node, compiled.sql, int(limit))
        return answer

    def _compiled(self, path: str, text: str | None, fragment: bool) -> Compiled:
        text = without_bom(text) if text is not None else _read(path)
        compiled = self._compiling.compile(path, text, fragment)
        if compiled.error is not None and self._loading.due:
            # What it misses may be in a file the last load has not seen.
            self._loading.load(in_background=False)
            compiled = self._compiling.compile(path, text, fragment)
        return compiled

    def _manifest(self, job: Job) -> Steps:
        self._loading.ready_for_dbt()
        while self._loading.due:
            # It gives way as a parse of our own does: whoever asked waits, nobody else does.
            self._loading.load(in_background=True)
            yield
        since = job.params.get("since")
        told = time.monotonic()
        folder = os.path.dirname(self._target_dir)
        for answer in self._project.updates.steps(self._project.manifest, since, folder):
            job.check()
            if answer is not None:
                return answer
            if time.monotonic() - told > 5:
                told = time.monotonic()
                self._channel.send(
                    {"id": job.id, "event": "progress", "done": 0, "total": 0, "label": "Manifest"}
                )
            yield
        raise RequestFailed("internal", "The manifest was not told.")

    def _fix(self, job: Job) -> Steps:
        self._ready()
        path = self._paths.inner(str(job.params.get("path")))
        reason = self._loading.why_left_out(path)
        if reason is None and self._loading.without_dbt:
            reason = (
                "dbt cannot read the project, so what the file means is not known well enough to change it"
            )
        if reason:
            return {"text": None, "reason": reason}
        yield from ()
        text = job.params.get("text")
        with self._loop.interrupts.allow(job):
            return fixed_text(
                self._linting,
                path,
                without_bom(text) if text is not None else None,
                job.params.get("rules"),
                bool(job.params.get("format")),
            )

    def _ready(self) -> FileLint:
        """SQLFluff there, project loaded or known to be broken.

        @raises RequestFailed environment, configuration
        """
        if self._without_linter is not None:
            raise RequestFailed("environment", self._without_linter)
        if self._file_lint is None:
            forward_logs(self._channel)
            cache = LintCache(self._cache_dir, fingerprint(self._hello["versions"]), self._channel.log)
            self._file_lint = FileLint(
                self._linting, self._loading, self._configuration, cache, self._loop.interrupts, self._garbage
            )
        self._loading.ready()
        return self._file_lint


    @property
    def _without_linter(self) -> str | None:
        """What to install, where there is no SQLFluff."""
        problems = self._hello["problems"]
        return next((each["message"] for each in problems if each["code"] == "sqlfluff-missing"), None)


def _at_once(result: dict[str, Any]) -> Steps:
    yield from ()
    return result


def _read(path: str) -> str:
    """A file as dbt reads it. @raises RequestFailed"""
    try:
        with open(path, encoding="utf-8") as file:
            return without_bom(file.read())
    except (OSError, UnicodeDecodeError) as error:
        raise RequestFailed("configuration", f"{path} cannot be read: {error}", path) from None


def _profiles_dir_in(project_dir: str) -> str | None:
    """The project, where its profiles.yml is the one dbt takes; None: dbt looks by itself."""
    if os.environ.get("DBT_PROFILES_DIR") or os.environ.get("DBT_ENGINE_PROFILES_DIR"):
        return None
    return project_dir if os.path.exists(os.path.join(project_dir, "profiles.yml")) else None
