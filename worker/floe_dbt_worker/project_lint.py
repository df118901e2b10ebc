"""Many files: rendered here, parsed and linted in children, in steps that let a keystroke go first."""

from __future__ import annotations

import gc
from typing import Any, Callable, Generator, Sequence

from floe_dbt_worker.file_lint import FileLint
from floe_dbt_worker.linting import Answer, Linting
from floe_dbt_worker.loop import Job
from floe_dbt_worker.parallel import Children, processors
from floe_dbt_worker.reports import LintReport

_POLL_SECONDS = 0.02


class ProjectLint:
    """One lint of many files. `steps` does it; `kill`, on any thread, ends its children."""

    def __init__(
        self, file_lint: FileLint, linting: Linting, report: LintReport, log: Callable[[str, str], None]
    ) -> None:
        self._file_lint = file_lint
        self._report = report
        self._log = log
        self._most = processors()
        self._children = Children(self._most, lambda task: linting.lint(task[1]).to_json())
        self._batch: list[tuple[int, Any]] = []

    def kill(self) -> None:
        self._children.kill()

    def steps(self, job: Job, files: Sequence[str], texts: dict[str, str]) -> Generator[None, None, None]:
        """Yields wherever a more urgent request may go first."""
        total = len(files)
        warm = False
        try:
            for number, path in enumerate(files):
                job.check()
                prepared = self._file_lint.prepare(path, texts.get(path))
                if isinstance(prepared, Answer):
                    self._finished(path, prepared, total)
                elif self._most == 1 or not warm:
                    # The first one here: what SQLFluff builds for it, every child inherits.
                    self._here(job, (path, *prepared), total)
                    gc.freeze()
                    warm = True
                else:
                    self._batch.append((number, (path, *prepared)))
                while self._batch_is_due():
                    yield from self._hand_out(job, len(self._batch), total)
                yield from self._take_answers(job, 0, total)
            while self._batch or not self._children.idle:
                # The rest is spread evenly over what is free.
                if self._batch and not self._children.full:
                    yield from self._hand_out(job, max(1, len(self._batch) // 2), total)
                yield from self._take_answers(job, _POLL_SECONDS, total)
        finally:
            self._children.kill()

    def _batch_is_due(self) -> bool:
        return len(self._batch) >= Children.batch_size() or (len(self._batch) >= 2 and self._children.idle)

    def _hand_out(self, job: Job, share: int, total: int) -> Generator[None, None, None]:
        """Gives the first `share` of the batch to a child; waits where all are busy; does one here where none
        can be made.
        """
        if not self._children.full and self._children.start(self._batch[:share]):
            del self._batch[:share]
        elif self._children.idle:
            self._here(job, self._batch.pop()[1], total)
        else:
            yield from self._take_answers(job, _POLL_SECONDS, total)

    def _take_answers(self, job: Job, seconds: float, total: int) -> Generator[None, None, None]:
        for _, task, answer in self._children.poll(seconds):
            path, _, keep = task
            if answer is None:
                self._log("warn", f"{path}: its process ended; linting it again.")
                self._here(job, task, total)
            else:
                result = Answer(**answer)
                keep(result)
                self._finished(path, result, total)
        yield
        job.check()

    def _here(self, job: Job, task: Any, total: int) -> None:
        path, rendered, keep = task
        self._finished(path, self._file_lint.finish(job, rendered, keep), total)

    def _finished(self, path: str, answer: Answer, total: int) -> None:
        self._report.file(path, answer)
        self._report.progress(total)
