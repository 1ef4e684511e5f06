// Calls the route handler named on the command line as Next does: by the name of the method.
import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import { type Handle, serveWeb } from "./web-server.ts";

const route = (await import(pathToFileURL(argv[2] ?? "").href)) as Readonly<Record<string, Handle>>;
const notAllowed: Handle = () => Promise.resolve(new Response(null, { status: 405 }));
console.log(await serveWeb((request) => (route[request.method] ?? notAllowed)(request)));
