import { get } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { UptakeError } from "../../src/domain/errors.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { createApp } from "../../src/http/app.ts";
import { serveApp, type HttpServer } from "../../src/http/serve.ts";
import { fakeServices, metricsRow, NOW, openAdmission } from "./fake-services.ts";

const app = createApp({ admission: openAdmission, services: fakeServices(), log: silentLogger, now: () => NOW });

const servers: HttpServer[] = [];
async function serveOn(port: number): Promise<HttpServer> {
  const server = await serveApp(app, { port });
  servers.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** The status of a request that names another host, which fetch does not let one do. */
const statusFor = (port: number, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const request = get({ port, host: "127.0.0.1", path: "/healthz", headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
  });

describe("serveApp", () => {
  it("listens on 127.0.0.1 and gives the port that it took", async () => {
    const { url, port } = await serveOn(0);
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const response = await fetch(`${url}/healthz`);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect((await fetch(url)).headers.get("content-type")).toContain("text/html");
  });

  it("refuses a request that reached it under another name", async () => {
    const { port } = await serveOn(0);
    expect(await statusFor(port, "evil.example")).toBe(403);
    expect(await statusFor(port, `localhost:${port}`)).toBe(200);
  });

  it("names the port and the remedy when the port is taken", async () => {
    const { port } = await serveOn(0);
    const failure = await serveApp(app, { port }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(UptakeError);
    expect(failure).toMatchObject({ code: "port_in_use", facts: { port } });
    expect(String(failure)).toMatch(new RegExp(`port ${port} .* is taken .* --port`, "u"));
  });

  it("says that it is the address, and not the port, that this machine does not have", async () => {
    const failure = serveApp(app, { port: 0, host: "192.0.2.1" });
    await expect(failure).rejects.toMatchObject({ code: "invalid_configuration" });
    await expect(failure).rejects.toThrow(/192\.0\.2\.1 .*EADDRNOTAVAIL.* --host/u);
  });

  it("frees the port when closed, also with a connection kept open, and closes once", async () => {
    const server = await serveOn(0);
    await (await fetch(`${server.url}/healthz`)).text();
    const closing = server.close();
    expect(server.close()).toBe(closing);
    await closing;
    const taken = createServer();
    await new Promise<void>((resolve, reject) => {
      taken.once("error", reject).listen(server.port, "127.0.0.1", resolve);
    });
    expect((taken.address() as AddressInfo).port).toBe(server.port);
    await new Promise((resolve) => taken.close(resolve));
  });

  it("when it closes, what is under way is answered whole for ten seconds more, and then cut off", async () => {
    const { url, server, answerNext, areAsked } = await serveSlowly();
    const [soon, never] = [1, 2].map(() =>
      fetch(`${url}/v1/metrics`).then(
        ({ status }) => status,
        () => "cut off",
      ),
    );
    await areAsked(2);
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const closing = server.close();
    await vi.advanceTimersByTimeAsync(9_999);
    answerNext();
    expect(await Promise.race([soon, never])).toBe(200);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
    expect(new Set(await Promise.all([soon, never]))).toEqual(new Set([200, "cut off"]));
  });
});

/** A server that answers one question after the other, when it is told to. */
async function serveSlowly() {
  const waiting: (() => void)[] = [];
  let wake = (): void => {};
  const services = fakeServices({
    metrics: () =>
      new Promise((resolve) => {
        waiting.push(() => resolve([metricsRow()]));
        wake();
      }),
  });
  const slow = createApp({ admission: openAdmission, services, log: silentLogger, now: () => NOW });
  const server = await serveApp(slow, { port: 0 });
  servers.push(server);
  return {
    url: server.url,
    server,
    answerNext: () => waiting.shift()?.(),
    async areAsked(this: void, count: number) {
      while (waiting.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}
