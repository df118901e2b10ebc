/**
 * A bar of text, as long as `seconds` is of `longest`: what takes the time is seen at a glance.
 * @param cells how long the longest is, in characters
 * @returns "" where there is nothing to compare
 */
export function timingBar(seconds: number | null, longest: number, cells = 6): string {
  if (seconds === null || longest <= 0 || seconds < 0) return "";
  const halves = Math.max(1, Math.round((Math.min(seconds, longest) / longest) * cells * 2));
  return "━".repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? "╸" : "");
}

/** "0.04 s", "3.2 s", "48 s", "2 min 05 s", "1 h 02 min". */
export function duration(seconds: number): string {
  if (seconds < 0.1) return `${seconds.toFixed(2)} s`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${two(whole % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** How long something has been going on, in whole seconds: "" at first, "3 s", "2 min 05 s". */
export function elapsed(seconds: number): string {
  if (seconds < 1) return "";
  return seconds < 60 ? `${Math.floor(seconds)} s` : duration(seconds);
}

/** "14:03" today, "Nov 28, 14:03" before. */
export function when(at: number, now: number): string {
  const [day, today] = [new Date(at), new Date(now)];
  const time = `${two(day.getHours())}:${two(day.getMinutes())}`;
  if (day.toDateString() === today.toDateString()) return time;
  return `${day.toLocaleDateString("en", { month: "short", day: "numeric" })}, ${time}`;
}

const two = (number: number): string => String(number).padStart(2, "0");
