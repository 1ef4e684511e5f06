import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `log.warn("…"` and `log[isBad ? "warn" : "info"]("…"`. */
const CALL = /\blog(\.(?:info|warn|error)|\[[^\]]*"[^\]]*\])\(\s*([^,)]*)/gu;
const LEVEL = /info|warn|error/gu;
const EVENT = /"([a-z]+\.[a-z_]+)"/gu;
const ROW = /^\| `([a-z]+\.[a-z_]+)`(?: _m_)? +\| ([a-z, ]+?) +\| /gmu;

type Call = { readonly place: string; readonly levels: readonly string[]; readonly events: readonly string[] };

const calls = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .flatMap((path): Call[] => {
    const source = readFileSync(join(root, "src", path), "utf8");
    return [...source.matchAll(CALL)].map(([place, method = "", first = ""]) => ({
      place: `${path}: ${place}`,
      levels: method.match(LEVEL) ?? [],
      events: [...first.matchAll(EVENT)].map(([, event = ""]) => event),
    }));
  });

const documented = [...readFileSync(join(root, "docs/logs.md"), "utf8").matchAll(ROW)].flatMap(
  ([, event, levels = ""]) => levels.split(", ").map((level) => `${level} ${event}`),
);

it("every log call has a stable event name of the form area.event", () => {
  expect(calls.length).toBeGreaterThan(30);
  expect(calls.filter(({ events }) => events.length === 0).map(({ place }) => place)).toEqual([]);
});

it("docs/logs.md has every event with its level, and none that there is not", () => {
  const logged = new Set(
    calls.flatMap(({ levels, events }) => levels.flatMap((level) => events.map((event) => `${level} ${event}`))),
  );
  expect(documented.sort()).toEqual([...logged].sort());
});
