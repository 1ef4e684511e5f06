#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { processEnvironment } from "../config/environment.ts";
import { createAsk } from "./ask.ts";
import type { Diagnose } from "./context.ts";
import { createInterrupt } from "./interrupt.ts";
import { createOutput, type TextStream } from "./output.ts";
import { runCli } from "./run.ts";
import type { OpenServices } from "./services.ts";

/** Loaded when a command needs it, so that `--help` and usage errors do not wait for the database's code. */
const openServices: OpenServices = async (config, deps) => {
  const server = await import("../server.ts");
  return server.openServices(config, deps);
};

/** Likewise. */
const diagnose: Diagnose = async (sources, options) => {
  const server = await import("../server.ts");
  return server.diagnose(sources, { ...options, nodeVersion: process.versions.node });
};

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const version = typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : "";
  return String(version);
}

/** The stream until its reader goes away (`uptake metrics | head`); from then on writes go nowhere, quietly. */
function untilClosed(stream: NodeJS.WriteStream, onClosed: () => void): TextStream {
  let open = true;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    open = false;
    onClosed();
  });
  return {
    write: (text) => open && stream.write(text),
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
  };
}

let readerGone = false;
const output = createOutput({
  stdout: untilClosed(process.stdout, () => {
    readerGone = true;
    interrupt.stop();
  }),
  stderr: untilClosed(process.stderr, () => {}),
});
const interrupt = createInterrupt({
  signals: process,
  note: (line) => output.note(line),
  exitAtOnce: () => process.exit(130),
});

const code = await runCli(process.argv.slice(2), {
  version: packageVersion(),
  environment: processEnvironment(),
  output,
  interrupt,
  openServices,
  diagnose,
  folder: process.cwd(),
  ask: process.stdin.isTTY && process.stdout.isTTY ? createAsk({ input: process.stdin, output: process.stdout }) : null,
  now: Date.now,
});
interrupt.dispose();
// Set and not exited with, as text still on its way to a pipe would be cut off. Who closed the pipe has seen enough.
process.exitCode = readerGone && code === 130 ? 0 : code;
