import { Socket } from "node:net";

// Loaded before anything else in a process that runs other people's SDKs with a made-up key: whatever they would send
// to their makers (telemetry, crash reports, default endpoints) ends here.

const LOOPBACK = /^(?:127\.0\.0\.1|::1|localhost)$/;
// oxlint-disable-next-line typescript/unbound-method -- it is called on the socket, below
const { connect } = Socket.prototype;

function connectToLoopback(this: Socket, ...given: Parameters<typeof connect>): Socket {
  const host = hostOf(given[0], given[1]);
  if (host !== undefined && !LOOPBACK.test(host)) {
    console.error(`refused a connection to ${host}: benchmarks stay on loopback`);
    process.exit(70);
  }
  return Reflect.apply(connect, this, given);
}

Socket.prototype.connect = connectToLoopback as typeof connect;

/** As `net` reads its arguments: normalised by itself, an object, or port and host. A path or nothing is local. */
function hostOf(first: unknown, second: unknown): string | undefined {
  if (Array.isArray(first)) return hostOf(first[0], first[1]);
  if (typeof first === "object" && first !== null) {
    const { host } = first as { readonly host?: unknown };
    return typeof host === "string" ? host : undefined;
  }
  return typeof second === "string" ? second : undefined;
}
