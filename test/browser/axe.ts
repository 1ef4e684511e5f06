import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type Violation = {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
};

/**
 * What axe finds wrong with a page: rule and element, one each. In a context that ignores the page's content policy, which
 * would not let axe in.
 */
export async function axeProblems(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  isReady: (page: Page) => Promise<void>,
): Promise<readonly string[]> {
  const context = await browser.newContext({ ...options, bypassCSP: true });
  try {
    const page = await context.newPage();
    await page.goto(url);
    await isReady(page);
    await page.addScriptTag({ content: source });
    const violations = await page.evaluate<readonly Violation[]>(
      "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((result) => result.violations)",
    );
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
    );
  } finally {
    await context.close();
  }
}
