import * as vscode from "vscode";
import type { NodeStatus } from "../../protocol/run.ts";
import { plainText } from "../explorer/plainText.ts";
import { withoutPlace } from "../shortReason.ts";
import { unitTestDiff } from "./unitTestDiff.ts";
import type { KnownTest } from "./testItems.ts";

/** How a test went, or how far it is. */
export interface TestOutcome {
  status: NodeStatus;
  message: string | null;
  seconds: number | null;
  /** Where in the file its message is about, where dbt says so: 1-based. */
  line?: number | null;
}

/** Tells the Test Explorer how a test went. */
export function tell(run: vscode.TestRun, test: KnownTest, outcome: TestOutcome): void {
  const { item } = test;
  const milliseconds = outcome.seconds === null ? undefined : outcome.seconds * 1000;
  switch (outcome.status) {
    case "queued":
      run.enqueued(item);
      return;
    case "running":
      run.started(item);
      return;
    case "success":
      run.passed(item, milliseconds);
      return;
    case "warn":
      // It has not failed; what it found is said in the output.
      say(run, `warning: ${test.facts.name}: ${outcome.message ?? ""}`, item);
      run.passed(item, milliseconds);
      return;
    case "fail":
      run.failed(item, messageOf(test, outcome), milliseconds);
      return;
    case "error":
      run.errored(item, messageOf(test, outcome), milliseconds);
      return;
    case "skipped":
    case "cancelled":
      run.skipped(item);
      return;
  }
}

export function messageAt({ item }: KnownTest, text: string, line?: number | null): vscode.TestMessage {
  return placed(new vscode.TestMessage(plainText(text).trim()), item, line);
}

/** A line of the run's output, of a test or of the whole. */
export function say(run: vscode.TestRun, text: string, item?: vscode.TestItem): void {
  run.appendOutput(`${plainText(text).trim().replaceAll("\n", "\r\n")}\r\n`, undefined, item);
}

function messageOf(test: KnownTest, { message, line }: TestOutcome): vscode.TestMessage {
  const text = withoutPlace(message ?? "") || "dbt gave no reason.";
  const diff = test.facts.kind === "unit" ? unitTestDiff(message ?? "") : null;
  if (!diff) return messageAt(test, text, line);
  const said = "The rows differ from those that are expected.";
  return placed(vscode.TestMessage.diff(said, diff.expected, diff.actual), test.item, line);
}

function placed(
  message: vscode.TestMessage,
  { uri, range }: vscode.TestItem,
  line?: number | null,
): vscode.TestMessage {
  const at = line == null ? range?.start : new vscode.Position(Math.max(0, line - 1), 0);
  if (uri && at) message.location = new vscode.Location(uri, at);
  return message;
}
