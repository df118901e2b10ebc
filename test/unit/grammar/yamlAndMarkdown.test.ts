import { describe, expect, it } from "vitest";
import { describeTokens, grammarOf, scopesOf } from "./tokens.ts";

describe("Jinja in YAML", () => {
  it.each([
    [
      "quoted and plain strings",
      "a: \"{{ env_var('X') }}\"\nb: '{{ doc(\"y\") }}'\n+schema: x_{{ target.name }}_y",
    ],
    ["statements and comments", "c: \"{% if target.name == 'prod' %}a{% endif %} {# why #}\""],
  ])("%s", async (_name, text) => {
    expect(describeTokens(await grammarOf("source.yaml"), text)).toMatchSnapshot();
  });

  it("colours nothing outside strings, nothing that does not end in its line, and no other template language", async () => {
    const yaml = await grammarOf("source.yaml");
    const others = ["a: {{ b }}", "# {{ b }}", 'a: "${{ b }}"', 'a: "{{ b"\nc: d'];
    for (const text of others) expect(describeTokens(yaml, text), text).not.toContain("jinja");
    expect(scopesOf(yaml, 'a: "{{ b"\nc: d', "c")).toContain("entity.name.tag.yaml");
  });
});

describe("Jinja in Markdown", () => {
  it("colours docs blocks and expressions", async () => {
    const text = "{% docs orders %}\n# Orders of {{ var('x') }}\n{% enddocs %}";
    expect(describeTokens(await grammarOf("text.html.markdown"), text)).toMatchSnapshot();
  });

  it("leaves code and other template languages alone", async () => {
    const markdown = await grammarOf("text.html.markdown");
    const others = ["```\n{{ b }}\n```", "`{{ b }}`", "{% include b %}", "# Title {#b}"];
    for (const text of others) expect(describeTokens(markdown, text), text).not.toContain("jinja");
  });
});
