// Writes the generated part of docs/http-api.md, everything from "## Routes" on, from the OpenAPI document: npm run docs.
import { readFileSync, writeFileSync } from "node:fs";
import { docsMarkdown } from "../dist/http/docs-markdown.js";
import { openApiDocument } from "../dist/http/openapi.js";
import { apiRoutes } from "../dist/http/routes.js";
import { deskRoutes } from "../dist/http/routes/desk.js";
import { functionRoutes } from "../dist/http/routes/functions.js";

const page = new URL("../docs/http-api.md", import.meta.url);
const written = readFileSync(page, "utf8");
const own = written.slice(0, written.indexOf("## Routes"));
// The routes are described and not asked, so nobody has to stand behind them.
writeFileSync(
  page,
  `${own}${docsMarkdown(openApiDocument([...apiRoutes({}, Date.now), ...functionRoutes({}, {}), ...deskRoutes({})]))}\n`,
);
