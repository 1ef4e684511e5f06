import { createServer, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { openDatabase } from "../../src/store/open-database.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { built, startChild } from "../support/child.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

/** A key for this test only, and its self-signed certificate. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3+842q8IzkWka+SM
62MDEIR06OEChS/a7I5NPOvWo1ihRANCAATJKhSqKHC/wJuyCBbzElJIzBJKjWS/
vaNVNVd+wwgZt/YNCinQtKiNbqHphVTQARUuUKiByFt2sAK95WE0bJQa
-----END PRIVATE KEY-----`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBijCCAS+gAwIBAgIUUOboY+j2coCg6Rh9YLXKzxQplzcwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOdW50cnVzdGVkLnRlc3QwIBcNMjYxMTIyMTI1MTA2WhgPMjEy
NjEwMjkxMjUxMDZaMBkxFzAVBgNVBAMMDnVudHJ1c3RlZC50ZXN0MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEySoUqihwv8CbsggW8xJSSMwSSo1kv72jVTVXfsMI
Gbf2DQop0LSojW6h6YVU0AEVLlCogchbdrACveVhNGyUGqNTMFEwHQYDVR0OBBYE
FEORD+Gm1gdwRr5z25a7a8cxZ5pUMB8GA1UdIwQYMBaAFEORD+Gm1gdwRr5z25a7
a8cxZ5pUMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAPvun/Yz
9cVhtEukCqurAQVqdioBo+r6yTCnafrVUW68AiEAhRtKDw018vE3zp8ZNVLbr1du
JuamhuWBmKoyPleYJ6s=
-----END CERTIFICATE-----`;

async function openTest() {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  return opened;
}

/** Ends every connection of the database but the asker's, as an administrator or a failing server would. */
const endOthers = `
select count(pg_terminate_backend(pid)) as ended from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()`;

/** Runs the statement on a connection of another pool, so that all of the first pool's can be ended. */
async function fromOutside(url: string, statement: string): Promise<readonly { ended: number }[]> {
  const outside = await openPostgres({ url, maxConnections: 1 });
  try {
    return await outside.query<{ ended: number }>(statement);
  } finally {
    await outside.close();
  }
}

describe("opening a Postgres", () => {
  it("says host and remedy, and never the password, when nobody listens there", async () => {
    const port = await closedPort();
    const refused = openPostgres({ url: `postgres://me:s3cret@127.0.0.1:${port}/app` });
    await expect(refused).rejects.toMatchObject({
      code: "database_unavailable",
      message: expect.stringMatching(
        `127.0.0.1:${port} \\(database app, user me\\).*ECONNREFUSED.*Start Postgres there`,
      ) as unknown,
      facts: { host: "127.0.0.1", port, database: "app", user: "me" },
    });
    await expect(refused).rejects.not.toThrow(/s3cret/);
  });

  it("says so when the database does not exist", async () => {
    const url = new URL(inject("postgresUrl"));
    url.pathname = "/nowhere";
    await expect(openPostgres({ url: url.href })).rejects.toMatchObject({
      code: "database_unavailable",
      message: expect.stringMatching(/"nowhere" does not exist.*Create the database/) as unknown,
    });
  });

  it("says so when the host is unknown", async () => {
    await expect(openPostgres({ url: "postgres://u:s3cret@no-such-host.invalid/app" })).rejects.toMatchObject({
      code: "database_unavailable",
      message: expect.stringMatching(/no-such-host\.invalid.*host in DATABASE_URL/) as unknown,
    });
  });

  it("refuses a URL that is none without repeating it", async () => {
    const refused = openPostgres({ url: "postgres://u:s3cret@ho st:x/app" });
    await expect(refused).rejects.toMatchObject({ code: "invalid_configuration" });
    await expect(refused).rejects.not.toThrow(/s3cret/);
  });

  it("is what openDatabase does with a URL", async () => {
    const db = await openDatabase({ databaseUrl: inject("postgresUrl"), dataDir: "/nowhere" });
    expect(db.kind).toBe("postgres");
    await db.close();
  });

  it("says what to do about a certificate that is not trusted", async () => {
    const server = await startUntrustedServer();
    const refused = openPostgres({ url: `postgres://u@127.0.0.1:${server.port}/app?sslmode=verify-full` });
    await expect(refused).rejects.toMatchObject({
      code: "database_unavailable",
      message: expect.stringMatching(/127\.0\.0\.1.*certificate.*sslrootcert/) as unknown,
    });
    await server.close();
  });

  it("passes on what a transaction's callback throws, whatever its code", async () => {
    const { db } = await openTest();
    for (const code of ["ENOENT", "ECONNREFUSED"]) {
      const own = Object.assign(new Error("the callback's own trouble"), { code });
      const failing = db.transaction(async () => {
        throw own;
      });
      await expect(failing).rejects.toBe(own);
    }
  });

  it("names itself to the server", async () => {
    const { db } = await openTest();
    expect(await db.query("select current_setting('application_name') as name")).toEqual([{ name: "uptake" }]);
  });
});

describe("a Postgres that goes away", () => {
  it("survives the loss of idle connections", async () => {
    const { db, url } = await openTest();
    await db.query("select 1");
    const [row] = await fromOutside(url, endOthers);
    expect(row?.ended).toBeGreaterThan(0);
    await eventually("queries work again", () =>
      db.query("select 1").then(
        () => true,
        () => false,
      ),
    );
  });

  it("fails a running query with database_unavailable, rolls its transaction back and goes on", async () => {
    const { db, url } = await openTest();
    let reached: () => void = () => {};
    const inTransaction = new Promise<void>((resolve) => (reached = resolve));
    const broken = db.transaction(async (tx) => {
      await tx.query("insert into kb_articles (id, title, content) values ('a', 't', 'c')");
      reached();
      await tx.query("select pg_sleep(30)");
    });
    await inTransaction;
    await Promise.all([
      expect(broken).rejects.toMatchObject({ code: "database_unavailable" }),
      fromOutside(url, endOthers),
    ]);
    expect(await db.query("select id from kb_articles")).toEqual([]);
  });

  it("survives the loss of a connection that a transaction holds without using it", async () => {
    const { db, url } = await openTest();
    const broken = db.transaction(async (tx) => {
      await tx.query("select 1");
      await fromOutside(url, endOthers);
      await eventually("the loss is noticed", () =>
        tx.query("select 1").then(
          () => false,
          () => true,
        ),
      );
    });
    await expect(broken).rejects.toMatchObject({ code: "database_unavailable" });
    expect(await db.query("select 1 as alive")).toEqual([{ alive: 1 }]);
  });

  it("listens again after the listening connection was lost, and calls back once to say so", async () => {
    const { db, url } = await openTest();
    const heard: string[] = [];
    await db.listen("channel", (payload) => heard.push(payload));
    await fromOutside(url, endOthers);
    await eventually("the call after the reconnect", () => heard.length > 0);
    expect(heard).toEqual([""]);
    await eventually("queries work again", () =>
      db.query("select 1").then(
        () => true,
        () => false,
      ),
    );
    await db.query("select pg_notify('channel', 'hello')");
    await eventually("notifications arrive again", () => heard.length > 1);
    expect(heard).toEqual(["", "hello"]);
  });

  it("does not keep a process alive that forgot to close", async () => {
    const { url } = await openTest();
    const child = startChild(`
      import { openPostgres } from ${JSON.stringify(built("store/postgres.js"))};
      const db = await openPostgres({ url: ${JSON.stringify(url)} });
      await db.listen("c", () => {});
      await db.query("select 1");
      console.log("last line");
    `);
    expect(await child.line()).toBe("last line");
    expect(await child.ended).toMatchObject({ code: 0, errors: "" });
  });
});

/** Says yes to encryption, as Postgres does, and shows a certificate that nobody has signed. */
async function startUntrustedServer(): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    socket.once("data", () => {
      socket.write("S");
      new TLSSocket(socket, { isServer: true, key, cert }).on("error", () => {});
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
