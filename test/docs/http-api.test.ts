import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { docsMarkdown } from "../../src/http/docs-markdown.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { openApiDocument } from "../../src/http/openapi.ts";
import { apiRoutes } from "../../src/http/routes.ts";
import { deskRoutes } from "../../src/http/routes/desk.ts";
import { functionRoutes } from "../../src/http/routes/functions.ts";
import { fakeServices, noDesk, noFunctions } from "../http/fake-services.ts";

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
