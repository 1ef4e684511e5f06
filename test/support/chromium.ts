import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox", // containers run as root, where Chromium refuses to start with its sandbox
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium: `UPTAKE_TEST_CHROMIUM`, or Debian's. Fails where there is none, as a check that is skipped passes. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = process.env["UPTAKE_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    const remedy = "install Debian's package chromium (apt-get install chromium fonts-dejavu-core)";
    throw new Error(
      `no browser at ${executablePath}: ${remedy}, or set UPTAKE_TEST_CHROMIUM to the path of a Chromium or Chrome`,
    );
  }
  return chromium.launch({ executablePath, args: ARGUMENTS });
}
