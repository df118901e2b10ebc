"""One project's life in the worker: what each request does, and what is done when nothing is asked."""

from __future__ import annotations

import gc
import os
import sys
import time
from typing import Any, Generator

from floe_dbt_worker import discovery
from floe_dbt_worker.configuration import Configuration, working_dir
from floe_dbt_worker.dbt_errors import DbtReason, reason_of
from floe_dbt_worker.environment import adapters, hello
from floe_dbt_worker.fixing import fixed_text
from floe_dbt_worker.interrupts import Interrupted
from floe_dbt_worker.lint_cache import LintCache, fingerprint, text_hash
from floe_dbt_worker.linting import Answer, Linting, Rendered
from floe_dbt_worker.loop import BACKGROUND, INTERACTIVE, NORMAL, Job, Loop, Steps
from floe_dbt_worker.memory import resident_bytes
from floe_dbt_worker.parallel import Children, processors
from floe_dbt_worker.private_folder import PrivateFolder
from floe_dbt_worker.project import DbtProject
from floe_dbt_worker.protocol import Channel, RequestFailed, one_line
from floe_dbt_worker.streams import forward_logs
from floe_dbt_worker.templating import warm_templater

_LINTS_BETWEEN_COLLECTIONS = 12
_INTERRUPTIONS_BORNE = 3


class Session:
    """Handler of the loop. Everything but `disturb` and `stop` runs on the main thread."""

    def __init__(self, channel: Channel, loop: Loop) -> None:
        self._channel = channel
        self._loop = loop
        self._state = "starting"
        self._hello: dict[str, Any] = {}
        self._changed: set[str] = set()
        self._parse_due = True
        self._afresh = True
        self._interruptions = 0
        self._parsing: object | None = None
        self._children: Children | None = None
        self._lints_since_collection = 0
        self._last_use = time.monotonic()
        self._degraded: DbtReason | None = None
        """Why files are linted without dbt, if they are."""
        self._shortcoming: DbtReason | None = None
        """What a person should know: the same, or a mistake that dbt alone minds."""
        self._written: set[str] = set()
        self._warm = False
        self._project: DbtProject
        self._configuration: Configuration
        self._linting: Linting
        self._cache: LintCache
        self._files = 0

    # ---- the loop's handler

    def urgency(self, method: str, params: dict[str, Any]) -> int:
        if method == "lint":
            if params.get("interactive"):
                return INTERACTIVE
            return NORMAL if len(params.get("paths") or []) == 1 else BACKGROUND
        return NORMAL if method == "parse" else INTERACTIVE

    def start(self, job: Job) -> Steps:
        self._last_use = time.monotonic()
        if job.method == "initialize":
            return _at_once(self._initialize(job.params))
        if not self._hello:
            raise RequestFailed("internal", "The first request must be initialize.")
        if job.method == "status":
            return _at_once({"memoryBytes": resident_bytes(), "state": self._state})
        if job.method == "parse":
            return self._parse()
        if job.method == "lint":
            return self._lint(job)
        if job.method == "fix":
            return self._fix(job)
        raise RequestFailed("internal", f"The worker knows no request {job.method!r}.")

    def notify(self, method: str, params: dict[str, Any]) -> None:
        if method != "filesChanged" or not self._hello:
            return
        for path in map(self._inner, params.get("paths") or []):
            self._file_changed(path)

    def idle(self) -> float | None:
        if not self._hello or self._state == "starting":
            return None
        if self._parse_due:
            self._load(in_background=True)
            return 0.3 if self._parse_due else 0.05
        if not self._warm:
            self._warm_up()
            return 0.05
        self._collect()
        if self._project.loaded:
            self._project.disconnect(time.monotonic() - self._last_use)
        return 30 if time.monotonic() - self._last_use < 60 else None

    def disturb(self) -> None:
        if self._parsing is not None and self._interruptions < _INTERRUPTIONS_BORNE:
            self._loop.interrupts.stop(self._parsing)

    def stop(self) -> None:
        if self._children is not None:
            self._children.kill()
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            # dbt's locks; without this Python complains of them on stderr.
            getattr(util, "_run_finalizers", lambda priority: None)(0)

    # ---- requests

    def _initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        try:
            self._asked_dir = str(params["projectDir"])
            private_dir = str(params["privateDir"])
        except KeyError as missing:
            raise RequestFailed("internal", f"initialize needs {missing}.") from None
        if not os.path.isdir(self._asked_dir):
            raise RequestFailed("configuration", f"{self._asked_dir} is not a folder.")
        self._project_dir = os.path.realpath(self._asked_dir)
        workspace = params.get("workspaceDir")
        os.chdir(working_dir(self._project_dir, os.path.realpath(workspace) if workspace else None))
        private = PrivateFolder(private_dir, self._channel.log)
        private.point_dbt_here()
        profiles = params.get("profilesDir")
        if not profiles and not _names_profiles_dir() and os.path.exists(os.path.join(self._project_dir, "profiles.yml")):
            profiles = self._project_dir
        self._project = DbtProject(self._project_dir, private, self._channel.log)
        self._configuration = Configuration(
            self._project_dir,
            {
                "project_dir": self._project_dir,
                "profiles_dir": profiles,
                "target": params.get("target"),
                "target_path": private.target_dir,
            },
        )
        self._linting = Linting(self._project, self._configuration)
        self._hello = hello()
        self._cache_dir = private.cache_dir
        return self._hello

    def _parse(self) -> Steps:
        self._ready()
        if self._parse_due:
            self._load(in_background=False)
        yield from ()
        return {
            "state": self._state,
            "reason": self._shortcoming.message if self._shortcoming else None,
            "target": self._project.target_name,
            "adapter": self._project.adapter_type,
        }

    def _lint(self, job: Job) -> Steps:
        self._ready()
        texts = {self._inner(path): text for path, text in (job.params.get("texts") or {}).items()}
        asked = job.params.get("paths")
        if asked is None:
            files = self._whole_project()
        else:
            root = self._configuration.root()
            files = [file for path in asked for file in discovery.expand(self._inner(path), root)]
        files += [path for path in texts if path not in files]
        if len(files) > 1:
            return (yield from self._lint_many(job, files, texts))
        linted, skipped = [], []
        for path in files:
            answer = self._lint_one(job, path, texts.get(path))
            self._report(job, path, answer)
            (skipped if answer.skipped else linted).append((path, answer))
        return self._lint_result(linted, skipped)

    def _fix(self, job: Job) -> Steps:
        self._ready()
        path = self._inner(str(job.params.get("path")))
        reason = self._left_out(path)
        if reason:
            return {"text": None, "reason": reason}
        yield from ()
        with self._loop.interrupts.allow(job):
            return fixed_text(
                self._linting,
                path,
                _without_bom(job.params.get("text")),
                job.params.get("rules"),
                bool(job.params.get("format")),
            )

    # ---- lint

    def _warm_up(self) -> None:
        """SQLFluff builds its grammar when first used; better now than at the first keystroke."""
        self._warm = True
        self._parsing = self
        try:
            with self._loop.interrupts.allow(self):
                if not self._loop.pending():
                    self._linting.warm_up()
                    self._settle()
        except Interrupted:
            self._warm = False
        finally:
            self._parsing = None

    def _lint_one(self, job: Job, path: str, text: str | None) -> Answer:
        def wave(issues: list[dict[str, Any]]) -> None:
            self._channel.send(
                {"id": job.id, "event": "wave", "filePath": self._outer(path), "issues": issues}
            )

        prepared = self._prepare(path, text)
        if isinstance(prepared, Answer):
            return prepared
        rendered, keep = prepared
        job.check()
        with self._loop.interrupts.allow(job):
            parsed = self._linting.parse(rendered)
            issues = self._linting.first_wave(parsed)
        if issues:
            wave(issues)
        with self._loop.interrupts.allow(job):
            answer = self._linting.finish(parsed)
        keep(answer)
        self._lints_since_collection += 1
        if self._lints_since_collection >= _LINTS_BETWEEN_COLLECTIONS:
            self._collect()
        return answer

    def _prepare(self, path: str, text: str | None) -> Any:
        """Up to the render, through the caches. @returns an Answer, or (Rendered, what to do with its answer)"""
        reason = self._left_out(path)
        if reason:
            return Answer(skipped=reason)
        encoding = "utf8"
        if text is None:
            read = self._linting.read(path)
            if isinstance(read, Answer):
                return read
            text, encoding = read
        text = _without_bom(text) or ""
        state = (text_hash(text), self._configuration.epoch, self._project.generation, bool(self._degraded), self._files)
        known = self._cache.known(path, state)
        if known is not None:
            return Answer(**known)
        rendered = self._render(path, text, encoding)

        def remember(answer: Answer) -> None:
            if rendered.repeatable:
                self._cache.remember(path, state, answer.to_json())

        if rendered.answer is not None:
            remember(rendered.answer)
            return rendered.answer
        key = self._cache.key(rendered.file)
        stored = self._cache.read(path, key)
        if stored is not None:
            answer = Answer(**stored)
            remember(answer)
            return answer

        def keep(answer: Answer) -> None:
            remember(answer)
            self._cache.write(path, key, answer.to_json())

        return rendered, keep

    def _render(self, path: str, text: str, encoding: str) -> Rendered:
        rendered = self._linting.render(path, text, encoding)
        skipped = rendered.answer.skipped if rendered.answer else None
        if skipped and "not found in dbt project" in skipped and self._parse_due and os.path.exists(path):
            self._load(in_background=False)
            rendered = self._linting.render(path, text, encoding)
        return rendered

    def _lint_many(self, job: Job, files: list[str], texts: dict[str, str]) -> Steps:
        """Renders here and lints in children; yields wherever a more urgent request may go first."""
        linted: list[tuple[str, Answer]] = []
        skipped: list[tuple[str, Answer]] = []
        done = 0

        def finished(path: str, answer: Answer) -> None:
            nonlocal done
            done += 1
            self._report(job, path, answer)
            (skipped if answer.skipped else linted).append((path, answer))
            self._channel.send(
                {"id": job.id, "event": "progress", "done": done, "total": len(files), "label": "Linting"}
            )

        def in_process(task: tuple[str, Rendered, Any]) -> None:
            path, rendered, keep = task
            with self._loop.interrupts.allow(job):
                answer = self._linting.lint(rendered)
            keep(answer)
            finished(path, answer)
            self._lints_since_collection += 1
            if self._lints_since_collection >= _LINTS_BETWEEN_COLLECTIONS:
                self._collect()

        most = processors()
        children = Children(most, lambda task: self._linting.lint(task[1]).to_json())
        self._children = children
        batch: list[tuple[int, Any]] = []
        warm = False

        def collect_answers(seconds: float) -> Generator[None, None, None]:
            for _, task, answer in children.poll(seconds):
                if answer is None:
                    self._channel.log("warn", f"{self._outer(task[0])}: its process ended; linting it again.")
                    in_process(task)
                else:
                    result = Answer(**answer)
                    task[2](result)
                    finished(task[0], result)
            yield

        try:
            for number, path in enumerate(self._sequenced(files)):
                job.check()
                prepared = self._prepare(path, texts.get(path))
                if isinstance(prepared, Answer):
                    finished(path, prepared)
                elif most == 1 or not warm:
                    # The first one here: what SQLFluff builds for it, every child inherits.
                    in_process((path, *prepared))
                    gc.freeze()
                    warm = True
                else:
                    batch.append((number, (path, *prepared)))
                while len(batch) >= children.batch_size() or (batch and children.idle and len(batch) >= 2):
                    if not children.full and children.start(batch):
                        batch = []
                    elif children.idle:
                        in_process(batch.pop()[1])
                    else:
                        yield from collect_answers(0.02)
                        job.check()
                yield from collect_answers(0)
                job.check()
            while batch or not children.idle:
                # The rest is spread evenly over what is free.
                if batch and not children.full:
                    share = batch[: max(1, len(batch) // 2)]
                    if children.start(share):
                        batch = batch[len(share) :]
                    else:
                        in_process(batch.pop()[1])
                yield from collect_answers(0.02)
                job.check()
        finally:
            children.kill()
            self._children = None
            self._collect()
        return self._lint_result(linted, skipped)

    def _sequenced(self, files: list[str]) -> list[str]:
        return files

    def _whole_project(self) -> list[str]:
        return discovery.project_files(self._project_dir, self._configuration.root(), self._excluded())

    def _left_out(self, path: str) -> str | None:
        return discovery.why_left_out(path, self._project_dir, self._configuration.root(), self._excluded())

    def _excluded(self) -> set[str]:
        return self._written

    def _report(self, job: Job, path: str, answer: Answer) -> None:
        self._channel.send(
            {
                "id": job.id,
                "event": "file",
                "filePath": self._outer(path),
                "issues": answer.issues,
                "skipped": answer.skipped,
            }
        )

    def _lint_result(self, linted: list[tuple[str, Answer]], skipped: list[tuple[str, Answer]]) -> dict[str, Any]:
        return {
            "linted": [self._outer(path) for path, _ in linted],
            "skipped": [{"filePath": self._outer(path), "reason": answer.skipped} for path, answer in skipped],
        }

    # ---- the project

    def _ready(self) -> None:
        """SQLFluff imported, configuration current, project loaded or known to be broken."""
        if "sqlfluff" not in self._hello["versions"]:
            raise RequestFailed("environment", self._problem("sqlfluff-missing"))
        if self._state == "starting":
            gc.disable()
            forward_logs(self._channel)
            self._cache = LintCache(self._cache_dir, fingerprint(self._hello["versions"]), self._channel.log)
        if self._project.loaded or self._degraded:
            self._refresh_configuration()
        else:
            self._load(in_background=False)

    def _refresh_configuration(self) -> None:
        self._configuration.refresh(self._degraded is not None, self._adapter())

    def _load(self, in_background: bool) -> None:
        """Loads or loads again. In the background it gives way to any request, and the old manifest stays in force."""
        self._parsing = self
        try:
            with self._loop.interrupts.allow(self if in_background else None):
                if in_background and self._loop.pending():
                    return
                self._load_now()
            self._parse_due = self._afresh = False
            self._interruptions = 0
            self._degraded = None
        except Interrupted:
            self._interruptions += 1
            return
        except RequestFailed:
            raise
        except Exception as error:
            self._degraded = reason_of(error, self._project_dir)
            self._parse_due = False
            self._interruptions = 0
        finally:
            self._parsing = None
        self._refresh_configuration()
        self._written = self._project.own_folders()
        self._shortcoming = self._degraded or (self._project.cycle() if self._project.loaded else None)
        self._settle()
        self._announce("degraded" if self._shortcoming else "ready")

    def _load_now(self) -> None:
        if not self._project.loaded and not self._degraded:
            self._announce("parsing")
        broken = next(
            (problem for problem in self._hello["problems"] if problem["code"] != "sqlfluff-missing"), None
        )
        if broken is not None:
            raise _Unusable(broken["message"])
        self._configuration.refresh(False, self._adapter())
        root = self._configuration.root()
        if root.get("templater") != "dbt":
            self._project.generation += 1
            return  # the configuration names another templater: dbt is not needed to lint
        templater = warm_templater(root.get_templater_class(), self._project)
        templater.sqlfluff_config = root
        templater.formatter = None
        templater.project_dir = templater._get_project_dir()
        templater.profiles_dir = templater._get_profiles_dir()
        self._project.load(templater, self._afresh)
        self._linting.templater = templater

    def _adapter(self) -> str | None:
        if self._project.adapter_type:
            return self._project.adapter_type
        installed = adapters(self._hello["versions"])
        return installed[0].removeprefix("dbt-") if len(installed) == 1 else None

    def _file_changed(self, path: str) -> None:
        if os.path.basename(path) in (".sqlfluff", ".sqlfluffignore"):
            self._files += 1
            return
        if self._is_foreign(path) and not self._project.is_configuration(path):
            return
        self._files += 1 if not self._project.loaded else 0
        if self._project.is_configuration(path):
            self._afresh = self._parse_due = True
        elif path.endswith((".yml", ".yaml", ".sql", ".md", ".py", ".csv")) and (
            self._degraded or not os.path.exists(path) or self._project.saved(path)
        ):
            self._parse_due = True

    def _is_foreign(self, path: str) -> bool:
        place = os.path.normcase(path)
        return any(place.startswith(folder + os.sep) for folder in self._written) or not place.startswith(
            os.path.normcase(self._project_dir) + os.sep
        )

    def _announce(self, state: str) -> None:
        self._state = state
        reason = self._shortcoming
        self._channel.send(
            {
                "event": "status",
                "state": state,
                "reason": reason.message if reason else None,
                "filePath": reason.file_path if reason else None,
                "line": reason.line if reason else None,
            }
        )

    def _problem(self, code: str) -> str:
        return next((p["message"] for p in self._hello["problems"] if p["code"] == code), code)

    # ---- paths and memory

    def _inner(self, path: str) -> str:
        """The path as dbt sees it: a link to the project resolved, links inside it not."""
        return self._swap(path, self._asked_dir, self._project_dir)

    def _outer(self, path: str) -> str:
        return self._swap(path, self._project_dir, self._asked_dir)

    @staticmethod
    def _swap(path: str, old: str, new: str) -> str:
        if old == new:
            return path
        head, tail = path[: len(old)], path[len(old) :]
        same = os.path.normcase(head) == os.path.normcase(old) and (not tail or tail[0] in "/\\")
        return new + tail if same else path

    def _collect(self) -> None:
        if self._lints_since_collection:
            self._lints_since_collection = 0
            gc.collect()

    @staticmethod
    def _settle() -> None:
        """After a load: what lives now will live on, and is not looked at again by the collector."""
        gc.collect()
        gc.freeze()


class _Unusable(Exception):
    """The environment cannot render with dbt; linting goes on without it."""


def _at_once(result: dict[str, Any]) -> Steps:
    yield from ()
    return result


def _names_profiles_dir() -> bool:
    return bool(os.environ.get("DBT_PROFILES_DIR") or os.environ.get("DBT_ENGINE_PROFILES_DIR"))


def _without_bom(text: str | None) -> str | None:
    return text[1:] if text and text[0] == "\ufeff" else text
