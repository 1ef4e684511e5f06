import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../server/run-program.ts";

/** A command of a page's sh block, on one line; those of a page follow each other in one folder. */
export type Command = { readonly page: string; readonly line: number; readonly text: string };

export const pages: readonly string[] = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  ...readdirSync(join(root, "docs/decisions")).map((name) => `docs/decisions/${name}`),
];

/** The commands of all sh blocks of a page; comments and blank lines are none, a line that ends in \ goes on. */
export function commandsOf(page: string): readonly Command[] {
  const commands: Command[] = [];
  let isInside = false;
  let open: Command | undefined;
  for (const [position, line] of readFileSync(join(root, page), "utf8").split("\n").entries()) {
    const fence = /^ *```(\w*)/u.exec(line);
    if (fence !== null) {
      isInside = !isInside && ["sh", "bash", "shell"].includes(fence[1] ?? "");
      continue;
    }
    const text = line.trim();
    if (!isInside || (open === undefined && (text === "" || text.startsWith("#")))) continue;
    const whole: Command = { page, line: open?.line ?? position + 1, text: `${open?.text ?? ""}${text}` };
    open = text.endsWith("\\") ? { ...whole, text: `${whole.text.slice(0, -1)} ` } : undefined;
    if (open === undefined) commands.push(whole);
  }
  return commands;
}

/** Commands that stay up; the rest of the page runs beside them. */
export const staysUp = ({ text }: Command): boolean =>
  /\buptake (?:serve|worker)\b|mirror status --watch|^npm run demo$/u.test(text);
