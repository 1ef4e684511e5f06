import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A way to Postgres that can be closed: while it is away, connections are cut, and new ones at once. */
export type PostgresProxy = { readonly url: string; setAway(isAway: boolean): void };

export async function startPostgresProxy(postgresUrl: string): Promise<PostgresProxy> {
  const target = new URL(postgresUrl);
  const sockets = new Set<Socket>();
  let away = false;
  const server = createServer((socket) => {
    if (away) {
      socket.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one
        .on("error", () => {})
        .on("close", () => {
          sockets.delete(one);
          other.destroy();
        });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  const url = new URL(postgresUrl);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    setAway(isAway) {
      away = isAway;
      if (away) cut();
    },
  };
}
