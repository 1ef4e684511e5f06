import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { docsMarkdown } from "../../src/http/docs-markdown.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import type { DeskServices } from "../../src/http/desk-services.ts";
import type { FunctionServices } from "../../src/http/function-services.ts";
import { openApiDocument } from "../../src/http/openapi.ts";
import { apiRoutes } from "../../src/http/routes.ts";
import { deskRoutes } from "../../src/http/routes/desk.ts";
import { functionRoutes } from "../../src/http/routes/functions.ts";
import { fakeServices } from "../http/fake-services.ts";

/** Described only. */
const noFunctions: FunctionServices = {
  suggestReply: () => Promise.reject(new Error("not called")),
  respond: () => Promise.reject(new Error("not called")),
  classify: () => Promise.reject(new Error("not called")),
  decide: () => Promise.reject(new Error("not called")),
};

const noDesk: DeskServices = {
  tickets: () => Promise.reject(new Error("not called")),
  ticket: () => Promise.reject(new Error("not called")),
  reply: () => Promise.reject(new Error("not called")),
  suggest: () => Promise.reject(new Error("not called")),
  classify: () => Promise.reject(new Error("not called")),
  decide: () => Promise.reject(new Error("not called")),
};

it("docs/http-api.md says what the OpenAPI document says (npm run docs writes it)", () => {
  const page = readFileSync(new URL("../../docs/http-api.md", import.meta.url), "utf8");
  const generated = docsMarkdown(
    openApiDocument([
      ...apiRoutes(fakeServices(), Date.now),
      ...functionRoutes(noFunctions, silentLogger),
      ...deskRoutes(noDesk),
    ]),
  );
  expect(page.slice(page.indexOf("## Routes"))).toBe(`${generated}\n`);
});
