"""SQLFluff's violations as the protocol's issues: places, severities, and the fixes that are plain edits of
the source.
"""

from __future__ import annotations

from typing import Any

_ERRORS = {"PRS", "TMP", "LXR"}


def issues_of(linted: Any, text: str) -> list[dict[str, Any]]:
    """Every issue `sqlfluff lint --format json` prints for a LintedFile, in its order: by line, column and
    code.
    """
    violations = linted.get_violations(filter_warning=False)
    issues = [issue_of(violation, text, linted.templated_file) for violation in violations]
    return sorted(issues, key=lambda issue: (issue["line"], issue["column"], issue["ruleCode"]))


def issue_of(violation: Any, text: str, templated: Any = None) -> dict[str, Any]:
    """`templated` is the file's render; without it the issue has no edits."""
    record = violation.to_dict()
    code = record["code"]
    issue: dict[str, Any] = {
        "line": max(1, record["start_line_no"]),
        "column": max(1, record["start_line_pos"]),
        "severity": "info" if record.get("warning") else "error" if code in _ERRORS else "warning",
        "ruleCode": code,
        "message": record["description"],
        "source": "sqlfluff",
        "fixable": bool(violation.fixable),
    }
    if record.get("name"):
        issue["ruleName"] = record["name"]
    end = (record.get("end_line_no"), record.get("end_line_pos"))
    if end[0] and end[1] and end > (issue["line"], issue["column"]):
        issue["endLine"], issue["endColumn"] = end
    edits = edits_of(violation, text, templated) if templated is not None else None
    if edits:
        issue["edits"] = edits
    return issue


def edits_of(violation: Any, text: str, templated: Any) -> list[dict[str, Any]] | None:
    """The fixes of one violation as edits of the source, or None where any of them is more than that.

    The render is SQLFluff's Python one: the one a marker carries may be the Rust parser's, which lacks parts.

    None for a fix that touches templated code, overlaps another, or has no place of its own.
    """
    spans: list[tuple[int, int, int, int, str]] = []
    for number, fix in enumerate(getattr(violation, "fixes", None) or []):
        marker = fix.anchor.pos_marker
        if marker is None or not marker.is_literal():
            return None
        if fix.has_template_conflicts(templated):
            return None
        if any(segment.source_fixes for segment in fix.edit or []):
            return None
        record = fix.to_dict()
        start, stop = record.get("start_file_pos"), record.get("end_file_pos")
        if start is None or stop is None or start > stop:
            return None
        if marker.source_slice.start == marker.source_slice.stop and fix.edit_type in ("replace", "delete"):
            return None
        order = {"create_after": 0, "create_before": 1}.get(fix.edit_type, 2)
        spans.append((start, order, number, stop, record["edit"]))
    if not spans:
        return None
    merged: list[tuple[int, int, str]] = []
    for start, _, _, stop, new_text in sorted(spans):
        if merged and start < merged[-1][1]:
            return None
        if merged and start == merged[-1][1]:
            merged[-1] = (merged[-1][0], stop, merged[-1][2] + new_text)
        else:
            merged.append((start, stop, new_text))
    return [
        {
            **dict(zip(("line", "column"), place(text, start))),
            **dict(zip(("endLine", "endColumn"), place(text, stop))),
            "newText": new_text,
        }
        for start, stop, new_text in merged
        if text[start:stop] != new_text
    ] or None


def place(text: str, offset: int) -> tuple[int, int]:
    """(line, column) of an offset, both from 1, in code points. Lines end with "\\n" alone, as SQLFluff
    counts.
    """
    return (text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def dbt_issue(message: str, line: int, column: int) -> dict[str, Any]:
    return {
        "line": line,
        "column": column,
        "severity": "error",
        "ruleCode": "dbt",
        "message": message,
        "source": "dbt",
        "fixable": False,
    }
