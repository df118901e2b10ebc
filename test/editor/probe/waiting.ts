import * as vscode from "vscode";
import { timed } from "./waits.ts";

/**
 * Waits until `read` gives something, looking again whenever one of the events fires.
 * @throws after `seconds`, naming what was waited for and what was there instead
 */
export async function waitFor<Value>(
  what: string,
  read: () => Value | undefined | Promise<Value | undefined>,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- which event it is does not matter
  events: readonly vscode.Event<any>[],
  options: { seconds?: number; describe?: () => unknown } = {},
): Promise<Value> {
  const seconds = options.seconds ?? 45;
  return timed(
    what,
    () =>
      new Promise<Value>((resolve, reject) => {
        const look = (): void => {
          Promise.resolve()
            .then(read)
            .then(
              (value) => {
                if (value !== undefined) finish(() => resolve(value));
              },
              (error: unknown) =>
                finish(() => reject(error instanceof Error ? error : new Error(String(error)))),
            );
        };
        const subscriptions = events.map((event) => event(look));
        const timer = setTimeout(() => {
          const instead = options.describe
            ? `; there was ${JSON.stringify(options.describe(), null, 1)}`
            : "";
          finish(() => reject(new Error(`${what} did not come within ${seconds} s${instead}`)));
        }, seconds * 1000);
        const finish = (then: () => void): void => {
          clearTimeout(timer);
          for (const subscription of subscriptions) subscription.dispose();
          then();
        };
        look();
      }),
  );
}

/** For what is seen by looking alone, as no event tells of it. */
export const nowAndThen: vscode.Event<void> = (look) => {
  const timer = setInterval(look, 250);
  return new vscode.Disposable(() => clearInterval(timer));
};
