/**
 * A key is the way from the project to the row, one step after each "/". A step is a letter and a name: s(ection),
 * f(older) and other groups, n(ode), u(pstream), d(ownstream), t(ests), c(olumns), r(elated node), m(ore, from a row on).
 */
export type Step = { kind: string; name: string };

/** The key of a row one step below another. */
export function childKey(parent: string, { kind, name }: Step): string {
  return `${parent}/${kind}${encodeURIComponent(name)}`;
}

export function keyOf(steps: readonly Step[]): string {
  return steps.reduce(childKey, "");
}

export function stepsOf(key: string): Step[] {
  return key
    .split("/")
    .slice(1)
    .map((step) => ({ kind: step.slice(0, 1), name: decoded(step.slice(1)) }));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
