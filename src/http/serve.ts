import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { UptakeError } from "../domain/errors.ts";

export type HttpServer = {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and ends open connections; called again it returns the same promise. */
  close(): Promise<void>;
};

/** Only this machine may ask: there is no login yet. */
const HOST = "127.0.0.1";

function listenError(error: NodeJS.ErrnoException, port: number): UptakeError {
  const place = `port ${port} of ${HOST}`;
  const facts = { port, host: HOST };
  if (error.code === "EADDRINUSE") {
    const message = `${place} is taken by another program; stop that one, or choose another port with --port`;
    return new UptakeError("port_in_use", message, { facts, cause: error });
  }
  const message = `${place} cannot be listened on (${error.code ?? error.message}); choose another port with --port`;
  return new UptakeError("invalid_configuration", message, { facts, cause: error });
}

/** Listens on 127.0.0.1; port 0 takes a free one. Rejects with `port_in_use` where another program has the port. */
export async function serveApp(app: Hono, { port }: { readonly port: number }): Promise<HttpServer> {
  const server = createServer((request, response) => {
    // The listener answers its own errors; it has no rejection that could be handled here.
    void getRequestListener(app.fetch)(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, port)));
    server.listen({ port, host: HOST }, resolve);
  });
  // A server that listens on TCP has an AddressInfo; the type also covers pipes and servers that do not listen.
  const address = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const closeServer = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.close((error) => (error === undefined ? resolve() : reject(error)));
      server.closeAllConnections();
    });
  return {
    url: `http://${HOST}:${address.port}`,
    port: address.port,
    close: () => (closing ??= closeServer()),
  };
}
