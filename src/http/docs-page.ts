import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import { describeSchema, type SchemaLine } from "./describe-schema.ts";
import type { OpenApiDocument, Operation } from "./openapi.ts";
import type { Html } from "./status-page-cards.ts";

const CSS = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0 auto;max-width:60rem;padding:1rem}
h2{margin-top:2.5rem;border-top:1px solid;padding-top:1rem}
h2 code{font-size:1.1rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
td,th{border:1px solid;border-color:color-mix(in srgb,currentColor 25%,transparent);padding:.3rem .5rem;text-align:left;vertical-align:top}
.wide{overflow-x:auto}
nav ul{columns:2;padding-left:1.2rem}
code{font-size:.9em;overflow-wrap:anywhere}`;

/** No script, no form, nothing from elsewhere; the one style sheet is allowed by its hash. */
export const DOCS_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(CSS).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const STYLE = raw(`<style>${CSS}</style>`);

/** The document as a page for people. */
export function docsPage(document: OpenApiDocument): Html {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const schemas = Object.entries(document.components.schemas);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Uptake HTTP API</title>
        ${STYLE}
      </head>
      <body>
        <main>
          <h1>Uptake HTTP API</h1>
          <p>${document.info.description}</p>
          <p>The same for programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>
          <nav aria-label="Routes">
            <ul>
              ${operations.map(
                ({ path, method, operation }) =>
                  html`<li>
                    <a href="#${operation.operationId}"><code>${method} ${path}</code></a>
                  </li>`,
              )}
            </ul>
          </nav>
          ${operations.map(({ path, method, operation }) => operationSection(`${method} ${path}`, operation))}
          ${schemas.map(
            ([name, schema]) =>
              html`<h2 id="schema-${name}">${name}</h2>
                ${linesTable(describeSchema(schema))}`,
          )}
        </main>
      </body>
    </html> `;
}

function operationSection(title: string, operation: Operation): Html {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const body = requestBody?.content["application/json"]?.schema;
  return html`<h2 id="${operationId}"><code>${title}</code></h2>
    <p>${summary}.</p>
    ${(description ?? "").split("\n\n").map((paragraph) => html`<p>${paragraph}</p>`)}
    ${
      parameters.length === 0
        ? ""
        : linesTable(
            parameters.map(({ name, required, description: what = "", schema }) => ({
              ...describeSchema({ properties: { [name]: { ...schema, description: what } } })[0],
              name,
              isRequired: required,
            })),
          )
    }
    ${
      body === undefined
        ? ""
        : html`<h3>Body</h3>
            ${linesTable(describeSchema(body))}`
    }
    <h3>Answers</h3>
    <div class="wide">
      <table>
        <tr>
          <th scope="col">status</th>
          <th scope="col">what</th>
        </tr>
        ${Object.entries(responses).map(
          ([status, response]) =>
            html`<tr>
              <td>${status}</td>
              <td>${response.description}</td>
            </tr>`,
        )}
      </table>
    </div>`;
}

const linesTable = (lines: readonly Partial<SchemaLine>[]): Html =>
  html`<div class="wide">
    <table>
      <tr>
        <th scope="col">field</th>
        <th scope="col">type</th>
        <th scope="col">what</th>
      </tr>
      ${lines.map(
        ({ name = "", type = "", isRequired = false, description = "" }) =>
          html`<tr>
            <td><code>${name}</code>${isRequired ? "" : " (optional)"}</td>
            <td>${type}</td>
            <td>${description}</td>
          </tr>`,
      )}
    </table>
  </div>`;
