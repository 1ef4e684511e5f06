import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root, runNode } from "../server/run-program.ts";

it("docs/api.md says what the declarations say (npm run docs writes it)", async () => {
  const { code, stdout, stderr } = await runNode(["scripts/api-docs.mjs", "--print"], { cwd: root });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(readFileSync(join(root, "docs/api.md"), "utf8")).toBe(stdout);
});

it("docs/api.md has every name of every public path, with what is said of it", () => {
  const page = readFileSync(join(root, "docs/api.md"), "utf8");
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, unknown>;
  };
  for (const path of Object.keys(exports).filter((path) => path !== "./package.json")) {
    expect(page).toContain(`\n## \`${path.replace(".", "uptake")}\`\n`);
  }
  for (const name of [
    "createUptake",
    "Tracked",
    "createClient",
    "openServices",
    "createStandInLangfuse",
    "observeOpenAI",
    "observeLanguageModel",
    "createSpanProcessor",
  ]) {
    expect(page).toMatch(new RegExp(`\\n### ${name}\\n\\n\\w[^]{40,}?\\n\`\`\`ts\\n`, "u"));
  }
});
