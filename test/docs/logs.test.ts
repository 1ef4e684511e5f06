import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

const CALL = /\blog\.(info|warn|error)\(\s*([^,)]*)/gu;
const EVENT = /"([a-z]+\.[a-z_]+)"/gu;
const ROW = /^\| `([a-z]+\.[a-z_]+)`(?: _m_)? +\| (info|warn|error) +\| /gmu;

type Call = { readonly place: string; readonly level: string; readonly events: readonly string[] };

const calls = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .flatMap((path): Call[] => {
    const source = readFileSync(join(root, "src", path), "utf8");
    return [...source.matchAll(CALL)].map(([place, level = "", first = ""]) => ({
      place: `${path}: ${place}`,
      level,
      events: [...first.matchAll(EVENT)].map(([, event = ""]) => event),
    }));
  });

const documented = [...readFileSync(join(root, "docs/logs.md"), "utf8").matchAll(ROW)].map(
  ([, event, level]) => `${level} ${event}`,
);

it("every log call has a stable event name of the form area.event", () => {
  expect(calls.length).toBeGreaterThan(30);
  expect(calls.filter(({ events }) => events.length === 0).map(({ place }) => place)).toEqual([]);
});

it("docs/logs.md has every event with its level, and none that there is not", () => {
  const logged = new Set(calls.flatMap(({ level, events }) => events.map((event) => `${level} ${event}`)));
  expect(documented.sort()).toEqual([...logged].sort());
});
