const options: Record<string, string> = {
  runtime: "--runtime",
  target: "--target",
  profilesDir: "--profiles-dir",
  "python.path": "--python",
  "fusion.path": "--dbt",
};

/** A message that names a setting of the editor names the option that stands for it here. */
export function inOptions(message: string): string {
  return message.replace(
    /(?:setting )?\bfloeDbt\.(runtime|target|profilesDir|python\.path|fusion\.path)\b/g,
    (setting, name: string) => options[name] ?? setting,
  );
}
