import type { Hono } from "hono";
import { DOCS_PAGE_POLICY, docsPage } from "./docs-page.ts";
import { openApiDocument } from "./openapi.ts";
import type { Route } from "./route.ts";

/** `/openapi.json` and, for people, `/docs`: both say what there is and hold nothing of anybody's, so anybody may read them. */
export function addDocument(app: Hono, routes: readonly Route[]): void {
  const document = openApiDocument(routes);
  const json = JSON.stringify(document);
  const page = docsPage(document);
  app.get("/openapi.json", (context) => context.body(json, 200, { "content-type": "application/json" }));
  app.get("/docs", (context) => {
    context.header("content-security-policy", DOCS_PAGE_POLICY);
    return context.html(page);
  });
}
