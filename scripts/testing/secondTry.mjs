// A test that fails once and passes the next time is a flaw of the test, not of the product: it is run again, and named.

/** More than so many files or suites with a failure are no accident: they are not run again. */
const mostUnits = 6;

/** The file or suite a test stands in: the first part of its name. */
export const unitOf = (test) => test.name.split(" › ")[0];

/**
 * Runs the files or suites with a failed test once more.
 * @param stage `again`, where it has one, runs some of its files or suites
 * @param first the stage's tests as they ended
 * @returns the tests, those that were run again as they ended then; `unsteady` are the names that passed only then
 */
export async function tryAgain(stage, first) {
  const failed = first.filter(({ status }) => status === "failed");
  const units = [...new Set(failed.map(unitOf))];
  // What did not come from a file (a stage that could not start, say) cannot be chosen.
  const canRunAgain = units.length <= mostUnits && failed.every(({ name }) => name.includes(" › "));
  if (!stage.again || units.length === 0 || !canRunAgain) return { tests: first, unsteady: [] };
  const second = await stage.again(units);
  const kept = first.filter((test) => !units.includes(unitOf(test)));
  const passed = new Set(second.filter(({ status }) => status === "passed").map(({ name }) => name));
  return {
    tests: [...kept, ...second],
    unsteady: failed.map(({ name }) => name).filter((name) => passed.has(name)),
  };
}
