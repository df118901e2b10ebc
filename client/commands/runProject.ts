import path from "node:path";
import * as vscode from "vscode";
import { needOf } from "../../protocol/capabilities.ts";
import type { DataProduct } from "../../protocol/manifest.ts";
import type { RunRequest, RunVerb } from "../../protocol/run.ts";
import { commandOf, runTitle, verbTitles, wholeProject } from "../runs/command.ts";
import type { CommandContext } from "./context.ts";
import { pickProject } from "./pickProject.ts";
import type { ModelVerb } from "./runCommands.ts";
import { startRun } from "./startRun.ts";

/** dbt for all of a project: run, seed, snapshot, deps ... */
export async function runProject(
  context: CommandContext,
  verb: RunVerb,
  argument: unknown,
  more: Pick<RunRequest, "fullRefresh"> = {},
): Promise<void> {
  const project = await pickProject(context, argument, runTitle(verb, wholeProject), needOf({ verb }));
  if (!project) return;
  await startRun(context, { projectDir: project.projectDir, verb, title: wholeProject, ...more });
}

/** dbt for the data product that floe.yaml describes; asks which, if there are several. */
export async function runProduct(context: CommandContext, verb: ModelVerb, argument: unknown): Promise<void> {
  const needs = needOf({ verb, select: "*" });
  const project = await pickProject(context, argument, `${verbTitles[verb]} Data Product`, needs);
  if (!project) return;
  const { projectDir, projectName } = project;
  const { dataProductsRequest } = await import("../../protocol/requests.ts");
  const { products } = await context.server.request(dataProductsRequest, { projectDir });
  if (products.length === 0) {
    throw new Error(`No floe.yaml describes a data product with transforms of ${projectName}.`);
  }
  const product = await pickProduct(products, verb, argument);
  if (product) await startRun(context, productRequest(projectDir, product, verb));
}

async function pickProduct(
  products: readonly DataProduct[],
  verb: ModelVerb,
  argument: unknown,
): Promise<DataProduct | undefined> {
  const file = argument instanceof vscode.Uri ? argument.fsPath : undefined;
  const ofFile = products.filter(({ filePath }) => filePath === file);
  const choices = ofFile.length > 0 ? ofFile : products;
  if (choices.length === 1) return choices[0];
  const items = choices.map((product) => ({
    label: product.name,
    description: path.basename(path.dirname(product.filePath)),
    detail: commandOf(productRequest("", product, verb)),
    product,
  }));
  const title = `${verbTitles[verb]} Data Product`;
  return (await vscode.window.showQuickPick(items, { title, placeHolder: "Which data product?" }))?.product;
}

/** A product without tests is built without them; who asks for its tests gets them. */
function productRequest(projectDir: string, product: DataProduct, verb: ModelVerb): RunRequest {
  const untested = verb === "build" && !product.tests;
  return {
    projectDir,
    verb,
    select: product.select,
    ...(product.exclude === null ? {} : { exclude: product.exclude }),
    ...(untested
      ? { flags: ["--resource-type=model", "--resource-type=seed", "--resource-type=snapshot"] }
      : {}),
    title: product.name,
  };
}
