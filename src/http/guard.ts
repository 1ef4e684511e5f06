import type { MiddlewareHandler } from "hono";
import { reply } from "./problem.ts";

const LOOPBACK_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/iu;

/**
 * Refuses requests that name another host. Listening on 127.0.0.1 alone does not keep web pages out: one that has its
 * own name resolve to 127.0.0.1 (DNS rebinding) could read everything here, but its requests carry its name.
 */
export const onlyLoopbackHost: MiddlewareHandler = async (context, next) => {
  const host = context.req.header("host") ?? new URL(context.req.url).host;
  if (!LOOPBACK_HOST.test(host)) {
    return reply(context, {
      status: 403,
      code: "host_not_allowed",
      message: "this server answers to 127.0.0.1, localhost and [::1] only; open it under one of these names",
    });
  }
  await next();
  return undefined;
};

/** Headers that keep the answers out of frames, caches, other origins and guesses about their type. */
export const securityHeaders =
  (contentSecurityPolicy: string): MiddlewareHandler =>
  async (context, next) => {
    await next();
    context.header("content-security-policy", contentSecurityPolicy);
    context.header("x-content-type-options", "nosniff");
    context.header("x-frame-options", "DENY");
    context.header("referrer-policy", "no-referrer");
    context.header("cross-origin-resource-policy", "same-origin");
    context.header("cache-control", "no-store");
  };
