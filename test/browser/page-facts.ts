import type { Browser, BrowserContextOptions, Page } from "playwright-core";

export type WatchedPage = {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, failed requests and violations of the content policy. */
  readonly complaints: readonly string[];
};

/** Opens a page and takes down whatever the browser complains about. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "log") complaints.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => {
    // What the page itself gave up, such as an answer that nobody waits for any more, is no failure.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") complaints.push(`failed: ${request.url()}`);
  });
  await page.exposeFunction("reportViolation", (text: string) => complaints.push(`policy: ${text}`));
  await page.addInitScript(
    `document.addEventListener("securitypolicyviolation", (event) =>
       reportViolation(event.violatedDirective + " " + event.blockedURI));`,
  );
  await page.goto(url);
  return { page, complaints };
}

/** A text as it is read: any run of spaces and line breaks, also of spaces that no line breaks at, is one space. */
export const readable = (text: string | null): string => (text ?? "").replace(/\s+/gu, " ").trim();

/** What the card of this title says. */
export const cardText = async (page: Page, title: string): Promise<string> =>
  readable(
    await page
      .locator(".card", { has: page.locator(`dt:text-is("${title}")`) })
      .first()
      .innerText(),
  );

export type Contrast = { readonly text: string; readonly ratio: number };

/**
 * The contrast of every text on the page with what lies behind it, 1–21, as WCAG 2.2 defines it
 * (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
 */
export const contrasts = (page: Page): Promise<Contrast[]> => page.evaluate<Contrast[]>(CONTRASTS);

// As text, since it runs in the browser, whose types the tests do not have.
const CONTRASTS = `(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = numbers(colour).slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
    throw new Error("nothing behind " + element.outerHTML);
  };
  const own = (element) => [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join("").trim();
  return [...document.body.querySelectorAll("*")].filter((element) => own(element) !== "").map((element) => {
    const [dark, light] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((a, b) => a - b);
    return { text: own(element), ratio: (light + 0.05) / (dark + 0.05) };
  });
})()`;
