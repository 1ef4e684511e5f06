import { describeSchema, type SchemaLine } from "./describe-schema.ts";
import type { JsonSchema, OpenApiDocument, Operation } from "./openapi.ts";

/** The document as Markdown, for docs/http-api.md. */
export function docsMarkdown(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      operationSection(`${method.toUpperCase()} ${path}`, operation),
    ),
  );
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) => schemaSection(name, schema));
  return ["## Routes", ...operations, "## Bodies", ...schemas].join("\n\n");
}

function operationSection(title: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const lines = parameters.map(({ name, required, description: what = "", schema }) => ({
    ...oneOf(schema),
    name,
    isRequired: required,
    description: what,
  }));
  const body = requestBody?.content["application/json"]?.schema;
  return [
    `### \`${title}\``,
    `${summary}.`,
    ...(description === undefined ? [] : [description]),
    ...(lines.length === 0 ? [] : [linesTable(lines)]),
    ...(body === undefined ? [] : [`Body: ${oneOf(body).type}.`]),
    `Answers: ${Object.entries(responses)
      .map(([status, { description: what }]) => `${status} (${lowered(what)})`)
      .join("; ")}.`,
  ].join("\n\n");
}

function schemaSection(name: string, schema: JsonSchema): string {
  const { description } = schema;
  return [
    `### ${name}`,
    ...(typeof description === "string" ? [description] : []),
    linesTable(describeSchema(schema)),
  ].join("\n\n");
}

/** A schema in one line, whatever it is. */
function oneOf(schema: JsonSchema): SchemaLine {
  const [line] = describeSchema({ properties: { it: schema } });
  return line ?? { name: "", type: "", isRequired: true, description: "" };
}

const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function linesTable(lines: readonly SchemaLine[]): string {
  const rows = lines.map(({ name, type, isRequired, description }) =>
    [name === "" ? "–" : `\`${name}\`${isRequired ? "" : "?"}`, type, description].map((cell) =>
      cell.replaceAll("|", String.raw`\|`),
    ),
  );
  const all = [["field", "type", "what"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [header = [], ...others] = all;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...others.map(line)].join("\n");
}
