import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { launchChromium } from "../support/chromium.ts";

/** On a machine that may be busy with other work. */
export const SLOW_MS = 90_000;
export const PHONE = { viewport: { width: 390, height: 844 } };
export const DESKTOP = { viewport: { width: 1440, height: 900 } };

/** The browser of a file's tests: started before the first, closed after the last, and after every test its pages are. */
export function lendBrowser(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterEach(async () => {
    await Promise.all((browser?.contexts() ?? []).map((context) => context.close()));
  });
  afterAll(() => browser?.close());
  return () => {
    if (browser === undefined) throw new Error("there is no browser yet: to be asked for in a test or a hook");
    return browser;
  };
}

/** Waits until nothing of a page of the dashboard loads any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator("h1").waitFor({ timeout: SLOW_MS });
  await page.locator(".animate-pulse").first().waitFor({ state: "detached", timeout: SLOW_MS });
}
