import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { isSameOrigin } from "./guard.ts";

const NAME = "uptake_session";

/**
 * The token in the cookie. Undefined as well where another origin's page asks: `SameSite=Strict` keeps the cookie from other
 * sites, but not from other ports and subdomains of this one.
 */
export const sessionTokenOf = (context: Context): string | undefined =>
  isSameOrigin(context) ? getCookie(context, NAME) : undefined;

export function setSessionCookie(context: Context, token: string, lifetimeMs: number): void {
  setCookie(context, NAME, token, { ...attributesOf(context), maxAge: Math.floor(lifetimeMs / 1_000) });
}

export function deleteSessionCookie(context: Context): void {
  deleteCookie(context, NAME, attributesOf(context));
}

/** Scripts never see it. `Secure` where a proxy in front speaks https, as this server itself does not. */
const attributesOf = ({ req }: Context) =>
  ({
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    secure: req.header("x-forwarded-proto") === "https",
  }) as const;
