"""Lints one file exactly as `sqlfluff lint` would: render, parse, rules, each of them SQLFluff's own."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from floe_dbt_worker.configuration import Configuration
from floe_dbt_worker.dbt_errors import compile_line, reason_of
from floe_dbt_worker.issues import dbt_issue, issue_of, issues_of
from floe_dbt_worker.project import DbtProject
from floe_dbt_worker.protocol import one_line
from floe_dbt_worker.shared_work import shared_work
from floe_dbt_worker.streams import tells_of_skip


@dataclass
class Answer:
    """What is said of one file. Exactly one of: issues (perhaps none), or `skipped` with the reason."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    skipped: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"issues": self.issues, **({"skipped": self.skipped} if self.skipped else {})}


@dataclass
class Rendered:
    """A file on its way: either `answer` is final, or `file` (SQLFluff's RenderedFile) waits for parse and
    rules.
    """

    answer: Answer | None
    file: Any = None
    repeatable: bool = True
    """False if the warehouse or the clock was asked: the same text may render differently next time."""
    refused: bool = False
    """Whether dbt could not compile the text."""


class Linting:
    """SQLFluff with what it loads kept: one Linter a root configuration, one rule pack a folder's
    configuration.
    """

    def __init__(self, project: DbtProject, configuration: Configuration) -> None:
        self._project = project
        self._configuration = configuration
        self._linters: dict[str, Any] = {}
        self._rule_packs: dict[int, tuple[Any, Any]] = {}
        self._epoch = -1
        self.templater: Any = None
        """The warm dbt templater, once the project is loaded."""

    def read(self, path: str) -> tuple[str, str] | Answer:
        """@returns a file's text and encoding, as SQLFluff reads it, or why it is left out"""
        from sqlfluff.core.errors import SQLFluffSkipFile
        from sqlfluff.core.linter import Linter

        try:
            text, _, encoding = Linter.load_raw_file_and_config(path, self._bare(path))
        except SQLFluffSkipFile as skip:
            return Answer(skipped=_shorter(str(skip), path))
        except FileNotFoundError:
            return Answer(skipped="the file does not exist")
        except (OSError, UnicodeError, LookupError) as error:
            return Answer(skipped=f"the file cannot be read: {one_line(str(error))}")
        return text, encoding

    def render(self, path: str, text: str, encoding: str, rules: str = "") -> Rendered:
        """Templates `text` as the content of `path`. Never raises for the user's mistakes."""
        from sqlfluff.core.errors import SQLFluffUserError

        linter = self._linter(rules)
        limit = self._too_large(path, text)
        if limit:
            return Rendered(Answer(skipped=limit))
        templater = linter.templater
        warm = templater is self.templater and templater is not None
        if warm:
            templater.dbt_error = templater.skip_reason = None
            templater.asked_warehouse = templater.listed_relations = False
        skips = _SkipListener()
        logger = logging.getLogger("sqlfluff.linter")
        logger.addHandler(skips)
        try:
            config = self._configuration.for_file(path, text, rules)
            file = linter.render_string(text, path, config, encoding)
        except SQLFluffUserError as error:
            return Rendered(Answer(skipped=one_line(str(error))))
        finally:
            logger.removeHandler(skips)
        repeatable = self._repeatable(linter.templater, warm, file.config, text)
        dbt_error = templater.dbt_error if warm else None
        if dbt_error is not None:
            return Rendered(self._dbt_failure(dbt_error, file, text), None, repeatable, refused=True)
        if not file.templated_variants and not file.templater_violations:
            reason = (templater.skip_reason if warm else None) or skips.reason or "SQLFluff leaves it out"
            return Rendered(Answer(skipped=_shorter(reason, path)))
        return Rendered(None, file, repeatable)

    def _repeatable(self, templater: Any, warm: bool, config: Any, text: str) -> bool:
        if warm:
            known = not templater.listed_relations or self._project.warehouse_state() is not None
            return known and not templater.asked_warehouse and not self._project.reads_clock(text)
        settings = config.get_section(("templater", templater.name)) or {}
        # Files the project knows nothing of have a say in it.
        return not any(
            settings.get(name) for name in ("load_macros_from_path", "library_path", "loader_search_path")
        )

    def parse(self, rendered: Rendered) -> Any:
        """@returns SQLFluff's ParsedString"""
        from sqlfluff.core.linter import Linter

        return Linter.parse_rendered(rendered.file)

    def first_wave(self, parsed: Any) -> list[dict[str, Any]]:
        """Template and parse errors, known before the rules run. None where `noqa` may have a say in them."""
        root = parsed.root_variant()
        violations = list(parsed.templating_violations)
        variants = [root] if root else parsed.parsed_variants
        violations += [violation for variant in variants for violation in variant.violations()]
        if not violations or "noqa" in parsed.source_str:
            return []
        issues = []
        for violation in violations:
            violation.ignore_if_in(parsed.config.get("ignore"))
            violation.warning_if_in(parsed.config.get("warnings"))
            if not violation.ignore:
                issues.append(issue_of(violation, parsed.source_str))
        return issues

    def run_rules(self, parsed: Any, fix: bool = False, encoding: str = "utf8") -> Any:
        """@returns SQLFluff's LintedFile"""
        from sqlfluff.core.linter import Linter

        rules = self._rule_pack(parsed.config)
        with nullcontext() if fix else shared_work():
            return Linter.lint_parsed(parsed, rules, fix=fix, encoding=encoding)

    def finish(self, parsed: Any) -> Answer:
        linted = self.run_rules(parsed)
        answer = Answer(issues_of(linted, parsed.source_str))
        self._place_template_errors(answer, parsed.source_str)
        return answer

    def lint(self, rendered: Rendered) -> Answer:
        """Parse and rules of a rendered file, in one go."""
        return rendered.answer or self.finish(self.parse(rendered))

    def warm_up(self) -> None:
        """Lints a little SQL, so that the grammar and the rules are there when a person types."""
        from sqlfluff.core import FluffConfig, Linter

        dialect = self._configuration.root().get("dialect")
        linter = Linter(config=FluffConfig(overrides={"dialect": dialect, "templater": "raw"}))
        linter.lint_string(
            "with a as (select b, count(*) as c from d where e = 1 group by b)\nselect a.b from a\n"
        )

    def _linter(self, rules: str) -> Any:
        if self._epoch != self._configuration.epoch:
            self._linters, self._rule_packs, self._epoch = {}, {}, self._configuration.epoch
        if rules not in self._linters:
            from sqlfluff.core.linter import Linter

            self._linters[rules] = Linter(config=self._configuration.root(rules))
        linter = self._linters[rules]
        if self.templater is not None and linter.templater.name == "dbt":
            linter.templater = self.templater
        return linter

    def _rule_pack(self, config: Any) -> Any:
        """SQLFluff makes rules anew for each file; its own keep no state between files, a plugin's may."""
        held = self._rule_packs.get(id(config))
        if held is not None and held[0] is config:
            return held[1]
        pack = self._linter("").get_rulepack(config=config)
        if all(type(rule).__module__.startswith("sqlfluff.rules.") for rule in pack.rules):
            if len(self._rule_packs) > 100:
                self._rule_packs.clear()
            self._rule_packs[id(config)] = (config, pack)
        return pack

    def _bare(self, path: str) -> Any:
        """A root configuration whose child for `path` is the one we hold: SQLFluff's reader then costs no
        more. What the text itself says of the configuration is read when it is rendered.
        """
        held = self._configuration.for_file(path, "")

        class Child:
            get = staticmethod(held.get)

            @staticmethod
            def process_raw_file_for_config(*_: Any) -> None:
                pass

        class Root:
            @staticmethod
            def make_child_from_path(_: str) -> Any:
                return Child

        return Root()

    def _too_large(self, path: str, text: str) -> str | None:
        """SQLFluff looks at the size on disk; an unsaved text would be as large once saved."""
        limit = self._configuration.for_file(path, "").get("large_file_skip_byte_limit")
        if not limit or len(text) * 4 <= int(limit):
            return None
        size = len(text.encode("utf-8", "surrogatepass"))
        if size <= int(limit):
            return None
        return f"it has {size} bytes, more than SQLFluff's limit large_file_skip_byte_limit = {limit}"

    def _dbt_failure(self, error: BaseException, file: Any, text: str) -> Answer:
        line, column = compile_line(error, text)
        if file.templater_violations:
            issues = [issue_of(violation, text) for violation in file.templater_violations]
            for issue in issues:
                issue["line"], issue["column"] = line, column
            return Answer(issues)
        return Answer([dbt_issue(reason_of(error, self._project.project_dir).message, line, column)])

    @staticmethod
    def _place_template_errors(answer: Answer, text: str) -> None:
        for issue in answer.issues:
            if issue["ruleCode"] == "TMP" and (issue["line"], issue["column"]) == (1, 1):
                issue["line"], issue["column"] = compile_line(ValueError(issue["message"]), text)


class _SkipListener(logging.Handler):
    """SQLFluff says why it leaves a file out in its log alone."""

    reason: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if tells_of_skip(message):
            self.reason = message


def _shorter(reason: str, path: str) -> str:
    """ "Skipped file /a/b.sql because it is a macro" is "it is a macro" beside the path."""
    text = one_line(reason)
    for start in (f"Skipped file {path} because ", f"File {path} was "):
        if text.startswith(start):
            return text[len(start) :]
    return text
