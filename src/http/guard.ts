import type { Context, MiddlewareHandler } from "hono";
import { UptakeError } from "../domain/errors.ts";

/** Who may be asked for, and who may ask from a page. */
export type GuardSettings = {
  /** Host names, without port, that this server answers to beside those of this machine. */
  readonly allowedHosts: readonly string[];
  /** Origins whose pages may call, such as `https://desk.example.com`. */
  readonly corsOrigins: readonly string[];
};

export const LOOPBACK_ONLY: GuardSettings = { allowedHosts: [], corsOrigins: [] };

const LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"];
const HOST = /^(?<name>[a-z\d.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/iu;

/**
 * Refuses requests that name another host. Listening on 127.0.0.1 alone does not keep web pages out: one that has its
 * own name resolve to 127.0.0.1 (DNS rebinding) could read everything here, but its requests carry its name.
 */
export function onlyKnownHosts({ allowedHosts }: GuardSettings): MiddlewareHandler {
  const known = new Set([...LOOPBACK_NAMES, ...allowedHosts.map((name) => name.toLowerCase())]);
  return async (context, next) => {
    const name = HOST.exec(hostOf(context))?.groups?.["name"]?.toLowerCase() ?? "";
    if (!known.has(name)) {
      throw new UptakeError(
        "host_not_allowed",
        `this server answers to ${[...known].join(", ")} only; open it under one of these names`,
      );
    }
    await next();
  };
}

const hostOf = ({ req }: Context): string => req.header("host") ?? new URL(req.url).host;

const CORS_METHODS = "GET, POST";
const CORS_HEADERS = "authorization, content-type, content-encoding";
const CORS_EXPOSED = "retry-after";
const CORS_MAX_AGE_SECONDS = "600";

/**
 * Lets pages of other origins in where they are listed, and refuses all others by what their browser says of them: a page
 * could else post here in the name of whoever has it open. Programs say nothing and pass.
 */
export function onlyKnownOrigins({ corsOrigins }: GuardSettings): MiddlewareHandler {
  const allowed = new Set(corsOrigins);
  return async (context, next) => {
    const origin = context.req.header("origin");
    if (origin === undefined) {
      const isCrossSite = context.req.header("sec-fetch-site") === "cross-site";
      if (isCrossSite && context.req.method !== "GET" && context.req.method !== "HEAD")
        throw foreign("of another site");
      await next();
      return undefined;
    }
    if (isOwn(origin, hostOf(context))) {
      await next();
      return undefined;
    }
    if (!allowed.has(origin)) throw foreign(JSON.stringify(origin.slice(0, 200)));
    context.header("vary", "origin");
    context.header("access-control-allow-origin", origin);
    context.header("access-control-expose-headers", CORS_EXPOSED);
    if (context.req.method !== "OPTIONS") {
      await next();
      return undefined;
    }
    context.header("access-control-allow-methods", CORS_METHODS);
    context.header("access-control-allow-headers", CORS_HEADERS);
    context.header("access-control-max-age", CORS_MAX_AGE_SECONDS);
    return context.body(null, 204);
  };
}

/** A proxy in front may speak https where this server speaks http. */
const isOwn = (origin: string, host: string): boolean => origin === `http://${host}` || origin === `https://${host}`;

/**
 * Whether a request comes from a page of our own, or from no page at all. For what a browser sends along by itself, such as
 * cookies: pages of other origins, listed ones too, shall not act in the name of whoever is signed in here.
 */
export function isSameOrigin(context: Context): boolean {
  const site = context.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  const origin = context.req.header("origin");
  return origin === undefined || isOwn(origin, hostOf(context));
}

const foreign = (origin: string): UptakeError =>
  new UptakeError(
    "origin_not_allowed",
    `pages ${origin.startsWith('"') ? `of ${origin}` : origin} may not call this server; list their origin in UPTAKE_CORS_ORIGINS`,
  );

/**
 * Headers that keep the answers out of frames, caches, other origins and guesses about their type. What is nobody's, such as
 * the files of the dashboard, says itself how long it may be kept.
 */
export const securityHeaders =
  (contentSecurityPolicy: string): MiddlewareHandler =>
  async (context, next) => {
    await next();
    const { headers } = context.res;
    if (!headers.has("content-security-policy")) headers.set("content-security-policy", contentSecurityPolicy);
    headers.set("x-content-type-options", "nosniff");
    headers.set("x-frame-options", "DENY");
    headers.set("referrer-policy", "no-referrer");
    headers.set("cross-origin-resource-policy", "same-origin");
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  };
