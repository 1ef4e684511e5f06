import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root, runUptake } from "../server/run-program.ts";

type Documented = { readonly page: string; readonly command: string };

/** Lines of a page's sh blocks, and commands named in running text or a table (`uptake replay FILE.jsonl`). */
function commandsIn(page: string): Documented[] {
  const text = readFileSync(join(root, page), "utf8");
  const blocks = [...text.matchAll(/^```(?:sh|bash|shell)\n(.*?)^```$/gmsu)].flatMap(([, block = ""]) =>
    block.split("\n"),
  );
  const withoutBlocks = text.replaceAll(/^```.*?^```$/gmsu, "");
  const spans = [...withoutBlocks.matchAll(/`((?:npx )?uptake [^`\n]+|npm run [^`\n]+)`/gu)].map(
    ([, span = ""]) => span,
  );
  const commands = [...blocks, ...spans].map((line) => line.replace(/\s+#.*$/u, "").trim());
  return commands.filter((command) => command !== "").map((command) => ({ page, command }));
}

const documented = [
  "README.md",
  "docs/replay.md",
  "docs/mirror.md",
  "docs/monitoring.md",
  "docs/feedback.md",
  "docs/adopt.md",
  "docs/configuration.md",
  "docs/http-api.md",
  "docs/security.md",
  "docs/scale.md",
  "docs/integrate.md",
  "docs/init.md",
  "docs/deploy.md",
  "docs/quickstart.md",
  "docs/langfuse-guide.md",
  "docs/recipes.md",
  "docs/failure-modes.md",
  "docs/faq.md",
].flatMap(commandsIn);
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

/** The arguments that `uptake` itself gets from a documented command; undefined for a command of another program. */
function uptakeArguments(command: string): string[] | undefined {
  const words = command.replaceAll(/[[\]]/gu, "").split(/\s+/u);
  if (words.includes("COMMAND")) return undefined; // stands for all of them
  const own = words.indexOf("uptake");
  if (own === 0 || words[own - 1] === "npx") return words.slice(own + 1);
  const script = command.startsWith("npm run ") ? scripts[words[2] ?? ""] : undefined;
  const [, subcommand] = /^node dist\/cli\/main\.js (\S+)/u.exec(script ?? "") ?? [];
  return subcommand === undefined ? undefined : [subcommand, ...words.slice(3).filter((word) => word !== "--")];
}

const scratch = mkdtempSync(join(tmpdir(), "uptake-documented-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Commands that only hold others: their name has a second word. */
const GROUPS = new Set(["mirror", "keys", "rollup"]);

/** The command's name, of one word or two, and the rest. */
function splitName(args: readonly string[]): { readonly name: readonly string[]; readonly rest: readonly string[] } {
  const length = GROUPS.has(args[0] ?? "") ? 2 : 1;
  return { name: args.slice(0, length), rest: args.slice(length) };
}

const helps = new Map<string, Promise<string>>();
function helpOf(name: readonly string[]): Promise<string> {
  const subcommand = name.join(" ");
  const known = helps.get(subcommand);
  if (known !== undefined) return known;
  const help = runUptake([...name, "--help"], { cwd: scratch }).then(({ code, stdout, stderr }) => {
    // An unknown subcommand shows the help of the program itself.
    const usage = stdout.slice(0, `Usage: uptake ${subcommand} `.length);
    expect({ code, stderr, usage }).toEqual({ code: 0, stderr: "", usage: `Usage: uptake ${subcommand} ` });
    return stdout;
  });
  helps.set(subcommand, help);
  return help;
}

describe("the commands in the documentation", () => {
  it("are found, all of them in the README", () => {
    const subcommands = commandsIn("README.md").map(({ command }) => uptakeArguments(command)?.[0]);
    for (const subcommand of [
      "demo",
      "replay",
      "metrics",
      "worker",
      "expire",
      "migrate",
      "mirror",
      "verify",
      "rollup",
      "adopt",
    ])
      expect(subcommands).toContain(subcommand);
    expect(commandsIn("README.md").map(({ command }) => command)).toContain("npm run demo -- --once");
  });

  it.each(documented.filter(({ command }) => command.startsWith("npm ")))(
    "has $command of $page as a script",
    ({ command }) => {
      const [, verb = "", name = ""] = command.split(/\s+/u);
      const known = [
        "npm ci",
        "npm init",
        "npm install",
        "npm test",
        ...Object.keys(scripts).map((script) => `npm run ${script}`),
      ];
      expect(known).toContain(verb === "run" ? `npm run ${name}` : `npm ${verb}`);
    },
  );

  it.each(documented.filter(({ command }) => uptakeArguments(command) !== undefined))(
    "has $command of $page with all its flags",
    async ({ command }) => {
      const { name, rest } = splitName(uptakeArguments(command) ?? []);
      const help = await helpOf(name);
      const known = [...help.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gmu)].map(([, flag]) => flag);
      const flags = rest.filter((word) => word.startsWith("-")).map((word) => word.split("=")[0]);
      expect(known).toEqual(expect.arrayContaining(flags));
    },
  );

  it("has an uptake metrics in the README whose values are understood", { timeout: 150_000 }, async () => {
    const metrics = commandsIn("README.md").filter(({ command }) => command.startsWith("npx uptake metrics --"));
    expect(metrics).toHaveLength(1);
    const args = uptakeArguments(metrics[0]?.command ?? "") ?? [];
    const { code, stdout, stderr } = await runUptake(args, { cwd: scratch });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "No suggestions in this range.\n", stderr: "" });
  });
});
