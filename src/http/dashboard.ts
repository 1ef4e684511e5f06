import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Context, Hono } from "hono";

/** Scripts, styles and pictures come from our own files and nothing from elsewhere; text from customers can run nothing. */
export const DASHBOARD_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Addresses that the dashboard's own router knows; each is the same page. */
const PAGES = [
  "/",
  "/suggestions",
  "/suggestions/:id",
  "/desk",
  "/desk/:id",
  "/compare",
  "/mirror",
  "/health",
  "/set-up",
  "/sign-in",
];

type File = { readonly plain: Buffer; readonly gzipped: Buffer; readonly etag: string; readonly type: string };

/** Serves the built dashboard from a directory, which is read once. Its files hold nothing of anybody's: no key is asked for. */
export function addDashboard(app: Hono, directory: string): void {
  const index = readFile(join(directory, "index.html"));
  for (const page of PAGES) app.get(page, (context) => send(context, index, "no-cache"));
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === "index.html") continue;
    const path = join(entry.parentPath, entry.name);
    const file = readFile(path);
    // What lies under assets/ has its own hash in its name: what is kept of it is never old.
    const isHashed = path.startsWith(join(directory, "assets"));
    app.get(path.slice(directory.length).replaceAll("\\", "/").replace(/^\/*/u, "/"), (context) =>
      send(context, file, isHashed ? "public, max-age=31536000, immutable" : "no-cache"),
    );
  }
}

function readFile(path: string): File {
  const plain = readFileSync(path);
  return {
    plain,
    gzipped: gzipSync(plain, { level: 9 }),
    etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
    type: TYPES[extname(path)] ?? "application/octet-stream",
  };
}

function send({ req }: Context, file: File, cacheControl: string): Response {
  const isGzipped = /\bgzip\b/iu.test(req.header("accept-encoding") ?? "");
  const headers = {
    "content-type": file.type,
    "cache-control": cacheControl,
    "content-security-policy": DASHBOARD_POLICY,
    etag: file.etag,
    vary: "accept-encoding",
    ...(isGzipped ? { "content-encoding": "gzip" } : {}),
  };
  if (req.header("if-none-match") === file.etag) return new Response(null, { status: 304, headers });
  return new Response(new Uint8Array(isGzipped ? file.gzipped : file.plain), { headers });
}
