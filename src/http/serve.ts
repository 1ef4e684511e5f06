import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { UptakeError } from "../domain/errors.ts";

export type HttpServer = {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Takes no more, answers what is under way, within a deadline, and ends; called again it returns the same promise. */
  close(): Promise<void>;
};

const LOOPBACK = "127.0.0.1";

/** How long requests under way may take when the server ends. */
const DRAIN_MS = 10_000;
/** Headers that do not come, and a request that never ends, hold a connection for this long; Node looks as often. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const LOOK_MS = 5_000;
/** Longer than proxies keep theirs, so that it is not us who closes one that is just used. */
const KEEP_ALIVE_MS = 65_000;

const NO_ADDRESS_OF_OURS: ReadonlySet<unknown> = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT", "ENOTFOUND"]);

function listenError(error: NodeJS.ErrnoException, port: number, host: string): UptakeError {
  const place = `port ${port} of ${host}`;
  const facts = { port, host };
  if (error.code === "EADDRINUSE") {
    const message = `${place} is taken by another program; stop that one, or choose another port with --port`;
    return new UptakeError("port_in_use", message, { facts, cause: error });
  }
  const remedy = NO_ADDRESS_OF_OURS.has(error.code)
    ? "give an address of this machine with --host, such as 127.0.0.1 or 0.0.0.0"
    : "choose another port with --port";
  const message = `${place} cannot be listened on (${error.code ?? error.message}); ${remedy}`;
  return new UptakeError("invalid_configuration", message, { facts, cause: error });
}

/** Listens on 127.0.0.1 unless told otherwise; port 0 takes a free one. Rejects with `port_in_use` where another program has the port. */
export async function serveApp(
  app: Hono,
  { port, host = LOOPBACK }: { readonly port: number; readonly host?: string },
): Promise<HttpServer> {
  const options = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: LOOK_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const listener = getRequestListener(app.fetch);
  const server = createServer(options, (request, response) => {
    // The listener answers its own errors; it has no rejection that could be handled here.
    void listener(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, port, host)));
    server.listen({ port, host }, resolve);
  });
  // A server that listens on TCP has an AddressInfo; the type also covers pipes and servers that do not listen.
  const address = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    close: () => (closing ??= drain(server)),
  };
}

/** How often connections that have had their last answer are looked for. */
const SWEEP_MS = 50;

function drain(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    // A connection that is kept open gets the answer it waits for, and no other. What was begun before cannot say so any
    // more: a stream's connection is found idle when it has ended.
    server.prependListener("request", (_request, response) => response.setHeader("connection", "close"));
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    server.close((error) => {
      clearTimeout(late);
      clearInterval(sweep);
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}
