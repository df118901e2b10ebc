"""One file from its text to its answer, through the caches: nothing is rendered or linted twice."""

from __future__ import annotations

from typing import Any, Callable, Generator

from floe_dbt_worker.configuration import Configuration
from floe_dbt_worker.garbage import Garbage
from floe_dbt_worker.interrupts import Interrupts
from floe_dbt_worker.lint_cache import LintCache, text_hash
from floe_dbt_worker.linting import Answer, Linting, Rendered
from floe_dbt_worker.loading import Loading
from floe_dbt_worker.loop import Job

Keep = Callable[[Answer], None]


class FileLint:
    def __init__(
        self,
        linting: Linting,
        loading: Loading,
        configuration: Configuration,
        cache: LintCache,
        interrupts: Interrupts,
        garbage: Garbage,
    ) -> None:
        self._linting = linting
        self._loading = loading
        self._configuration = configuration
        self._cache = cache
        self._interrupts = interrupts
        self._garbage = garbage

    def lint(
        self, job: Job, path: str, text: str | None, wave: Callable[[list[dict[str, Any]]], None]
    ) -> Generator[None, None, Answer]:
        """In steps, between which more urgent work may go.

        @param text: the unsaved content; None: what is on disk.
        @param wave: takes the errors known before the rules
        """
        prepared = self.prepare(path, text)
        if isinstance(prepared, Answer):
            return prepared
        rendered, keep = prepared
        yield
        with self._interrupts.allow(job):
            parsed = self._linting.parse(rendered)
        yield
        with self._interrupts.allow(job):
            issues = self._linting.first_wave(parsed)
        wave(issues)
        yield
        with self._interrupts.allow(job):
            answer = self._linting.finish(parsed)
        keep(answer)
        self._garbage.linted()
        return answer

    def finish(self, job: Job, rendered: Rendered, keep: Keep) -> Answer:
        """Parse and rules of what `prepare` gave, in this process."""
        with self._interrupts.allow(job):
            answer = self._linting.lint(rendered)
        keep(answer)
        self._garbage.linted()
        return answer

    def prepare(self, path: str, text: str | None) -> Answer | tuple[Rendered, Keep]:
        """Up to the render, through the caches.

        @returns the answer, or what to lint and what to do with its answer
        """
        reason = self._loading.why_left_out(path)
        if reason:
            return Answer(skipped=reason)
        encoding = "utf8"
        if text is None:
            read = self._linting.read(path)
            if isinstance(read, Answer):
                return read
            text, encoding = read
        text = without_bom(text)
        state = (text_hash(text), self._configuration.epoch, self._loading.render_state())
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
        if rendered.refused and self._loading.due:
            # What it misses may be in a file the last load has not seen.
            self._loading.load(in_background=False)
            rendered = self._linting.render(path, text, encoding)
        return rendered


def without_bom(text: str) -> str:
    return text[1:] if text.startswith("\ufeff") else text
