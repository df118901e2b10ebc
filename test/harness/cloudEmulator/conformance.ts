import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { default as addFormats } from "ajv-formats";
import { parse } from "yaml";
import { repoDir } from "../environment.ts";

/** Holds requests and answers against dbt Cloud's own documents. Null and "" both mean: nothing to object to. */
export interface OpenApi {
  request(method: string, url: URL, body: unknown): string | null;
  answer(method: string, url: URL, body: unknown): string | null;
}

export const openApiDir = path.resolve(repoDir, "../shared/openapi");
/** The documents have no licence and are not part of this repository: without them nothing is held against anything. */
export const hasOpenApi = existsSync(path.join(openApiDir, "openapi-v2.yaml"));

let loaded: OpenApi | undefined;
export function openApi(): OpenApi | null {
  if (!hasOpenApi) return null;
  loaded ??= load();
  return loaded;
}

interface Schema {
  [key: string]: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
  $ref?: string;
  required?: string[];
}
interface Parameter {
  in: string;
  name: string;
  required?: boolean;
  schema: Schema;
}
interface Operation {
  parameters?: Parameter[];
  requestBody?: { content?: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

function load(): OpenApi {
  const versions = new Map(
    (["v2", "v3"] as const).map((version) => [version as string, new Version(version)]),
  );
  const of = (url: URL): Version | undefined => versions.get(url.pathname.split("/")[2] ?? "");
  return {
    request: (method, url, body) => of(url)?.request(method, url, body) ?? null,
    answer: (method, url, body) => of(url)?.answer(method, url, body) ?? null,
  };
}

class Version {
  readonly #document: Document;
  readonly #ajv = new Ajv({
    strict: false,
    allErrors: true,
    validateSchema: false,
    logger: false,
    coerceTypes: false,
  });
  readonly #lenient = new Ajv({ strict: false, coerceTypes: true, validateSchema: false, logger: false });
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #paths: [RegExp, string][];

  constructor(version: string) {
    this.#document = parse(
      readFileSync(path.join(openApiDir, `openapi-${version}.yaml`), "utf8"),
    ) as Document;
    const { schemas } = this.#document.components;
    for (const [name, schema] of Object.entries(schemas)) if (!isRequest(name)) patch(name, schema);
    addFormats(this.#ajv);
    addFormats(this.#lenient);
    this.#ajv.addSchema({ $id: "api", components: this.#document.components }, "api");
    this.#paths = Object.keys(this.#document.paths).map((template) => [
      new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`),
      template,
    ]);
  }

  request(method: string, url: URL, body: unknown): string | null {
    const name = `${method} ${url.pathname}`;
    const operation = this.#operation(method, url);
    if (!operation) return isNested(url) ? null : `${name}: there is no such path`;
    const known = (operation.parameters ?? []).filter((each) => each.in === "query");
    for (const [key, value] of url.searchParams) {
      const parameter = known.find((each) => each.name === key);
      if (!parameter) return `${name}: there is no parameter ${key}`;
      const holder = { value };
      const validate = this.#lenient.compile({ type: "object", properties: { value: parameter.schema } });
      if (!validate(holder)) return `${name}: ${key}=${value} ${words(validate)}`;
    }
    const schema = operation.requestBody?.content?.["application/json"]?.schema;
    if (!schema) return body === undefined ? null : `${name}: takes no body`;
    const resolved = this.#resolve(schema);
    for (const key of Object.keys(body ?? {})) {
      if (resolved.properties && !(key in resolved.properties)) return `${name}: the body has no ${key}`;
    }
    return this.#check(`${name} body`, `${method} ${url.pathname.replace(/\d+/g, "0")} body`, schema, body);
  }

  answer(method: string, url: URL, body: unknown): string | null {
    const schema = this.#operation(method, url)?.responses["200"]?.content?.["application/json"]?.schema;
    const name = `${method} ${url.pathname}`;
    return schema ? this.#check(`${name} answer`, `${name.replace(/\d+/g, "0")} answer`, schema, body) : null;
  }

  #operation(method: string, url: URL): Operation | undefined {
    const template = this.#paths.find(([pattern]) => pattern.test(url.pathname))?.[1];
    return template === undefined ? undefined : this.#document.paths[template]?.[method.toLowerCase()];
  }

  #resolve(schema: Schema): Schema {
    const name = schema.$ref?.split("/").at(-1);
    return name === undefined ? schema : (this.#document.components.schemas[name] ?? schema);
  }

  #check(name: string, key: string, schema: Schema, body: unknown): string | null {
    let validate = this.#compiled.get(key);
    if (!validate) {
      validate = this.#ajv.compile(absolute(schema));
      this.#compiled.set(key, validate);
    }
    return validate(body) ? null : `${name}: ${words(validate)}`;
  }
}

const isRequest = (name: string): boolean => /Request/.test(name);
/** `{remainder}` is one segment in the document and any number in the service. */
const isNested = (url: URL): boolean => /\/artifacts\/.+\//.test(url.pathname);

/** The documents know no null and require what older answers do not have: real answers pass only without that. */
function patch(name: string, schema: Schema): void {
  if (/JobDefinition|Project|Environment|Account/.test(name)) delete schema.required;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    patch(`${name}.${key}`, property);
    schema.properties![key] = { anyOf: [property, { type: "null" }] };
  }
  for (const part of schema.allOf ?? []) patch(name, part);
  if (schema.items) patch(name, schema.items);
  // What must be there must also be of its type: `id` and `status` stay as they are.
  for (const key of ["id", "status"]) {
    const property = schema.properties?.[key];
    const [own] = (property?.["anyOf"] as Schema[] | undefined) ?? [];
    if (own && name === "RunResponse") schema.properties![key] = own;
  }
}

const absolute = (schema: Schema): Schema =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/')) as Schema;

const words = ({ errors }: ValidateFunction): string =>
  (errors ?? [])
    .slice(0, 5)
    .map(({ instancePath, message }) => `${instancePath || "/"} ${message ?? ""}`)
    .join("; ");
