import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { configurationTable, variablesHelp } from "../../src/config/describe.ts";
import { options } from "../../src/config/options.ts";

describe("docs/configuration.md", () => {
  it("holds the table of all options as the program has it", () => {
    const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
    expect(page).toContain(`\n${configurationTable()}\n`);
  });
});

describe("variablesHelp", () => {
  it("names the first variable of every option that has one", () => {
    const help = variablesHelp();
    const named = options.flatMap(({ variables }) => variables.slice(0, 1));
    expect(named.length).toBeGreaterThan(10);
    for (const variable of named) expect(help).toContain(variable);
  });
});
