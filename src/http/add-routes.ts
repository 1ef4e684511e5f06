import type { Context, Hono } from "hono";
import { invalidInput, UptakeError } from "../domain/errors.ts";
import type { Authenticate, Caller } from "./caller.ts";
import { parse } from "./parse.ts";
import { type BodyLimits, readJsonBody } from "./read-body.ts";
import type { Route } from "./route.ts";

export type Admission = {
  readonly authenticate: Authenticate;
  /** Counts one request of the caller. Throws `too_many_requests`. */
  readonly admit: (caller: Caller) => Promise<void>;
};

export type RequestLimits = BodyLimits & {
  /** How long an answer may take. */
  readonly answerTimeoutMs: number;
};

export const REQUEST_LIMITS: RequestLimits = { maxBytes: 5_000_000, timeoutMs: 15_000, answerTimeoutMs: 30_000 };

/** For whoever is let in without being known. */
const NOBODY: Caller = { projectId: "", scopes: new Set(), suggestionId: null, rateKey: "nobody" };

/** Mounts the routes: who asks, whether they may, how often; then what they ask for, whole and checked. */
export function addRoutes(
  app: Hono,
  routes: readonly Route[],
  { admission, limits }: { readonly admission: Admission; readonly limits: RequestLimits },
): void {
  for (const route of routes) {
    app.on(route.method.toUpperCase(), honoPath(route.path), async (context) => {
      const caller = route.scopes === null ? NOBODY : await letIn(context, route, admission);
      const params = parameters(route, context);
      const query = queryOf(route, context);
      const body = route.body === undefined ? undefined : await readJsonBody(context, limits);
      if (route.body !== undefined && body === undefined && route.body.isOptional !== true) {
        throw invalidInput("body", "is empty; expected JSON");
      }
      const answering = route.handle({ context, caller, params, query, body });
      return route.hasOwnTimeLimit === true ? answering : inTime(answering, limits.answerTimeoutMs);
    });
  }
  for (const [path, methods] of methodsByPath(routes)) {
    app.all(honoPath(path), (context) => {
      context.header("allow", methods.join(", "));
      throw new UptakeError("method_not_allowed", `no ${context.req.method} here; ${path} takes ${methods.join(", ")}`);
    });
  }
}

const honoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/gu, ":$1");

function methodsByPath(routes: readonly Route[]): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>();
  for (const { path, method } of routes) {
    methods.set(path, [...(methods.get(path) ?? []), ...(method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()])]);
  }
  return methods;
}

async function letIn(context: Context, { scopes }: Route, { authenticate, admit }: Admission): Promise<Caller> {
  const caller = await authenticate(context);
  await admit(caller);
  if (scopes === null || caller.scopes.has("admin") || scopes.some((scope) => caller.scopes.has(scope))) return caller;
  const wanted = scopes.map((scope) => `"${scope}"`).join(" or ");
  throw new UptakeError("forbidden", `this needs the scope ${wanted}, which these credentials do not have`);
}

function parameters(route: Route, { req }: Context): Readonly<Record<string, string>> {
  if (route.params === undefined) return {};
  return parse(route.params, req.param(), "") as Record<string, string>;
}

function queryOf(route: Route, { req }: Context): Readonly<Record<string, string>> {
  if (route.query === undefined) return {};
  const given = Object.entries(req.queries());
  const twice = given.find(([, values]) => values.length > 1);
  if (twice !== undefined) throw invalidInput(twice[0].slice(0, 80), "is given twice; give it once");
  return parse(route.query, Object.fromEntries(given.map(([name, [value = ""]]) => [name, value])), "") as Record<
    string,
    string
  >;
}

async function inTime(answering: Promise<Response> | Response, timeoutMs: number): Promise<Response> {
  if (answering instanceof Response) return answering;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new UptakeError(
          "too_slow",
          `no answer within ${timeoutMs} ms; ask for less, such as a shorter range, or try again`,
        ),
      );
    }, timeoutMs);
  });
  try {
    return await Promise.race([answering, late]);
  } finally {
    clearTimeout(timer);
  }
}
