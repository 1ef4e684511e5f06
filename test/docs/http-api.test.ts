import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { docsMarkdown } from "../../src/http/docs-markdown.ts";
import { openApiDocument } from "../../src/http/openapi.ts";
import { apiRoutes } from "../../src/http/routes.ts";
import { fakeServices } from "../http/fake-services.ts";

it("docs/http-api.md says what the OpenAPI document says (npm run docs writes it)", () => {
  const page = readFileSync(new URL("../../docs/http-api.md", import.meta.url), "utf8");
  const generated = docsMarkdown(openApiDocument(apiRoutes(fakeServices(), Date.now)));
  expect(page.slice(page.indexOf("## Routes"))).toBe(`${generated}\n`);
});
