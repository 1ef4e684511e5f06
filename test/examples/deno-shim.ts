// What Deno gives the edge function named on the command line, on Node: `Deno.serve` and `Deno.env`.
import { argv, env } from "node:process";
import { pathToFileURL } from "node:url";
import { type Handle, serveWeb } from "./web-server.ts";

const Deno = {
  serve: (handle: Handle): void => void serveWeb(handle).then(console.log),
  env: { get: (name: string): string | undefined => env[name] },
};
Object.assign(globalThis, { Deno });
await import(pathToFileURL(argv[2] ?? "").href);
