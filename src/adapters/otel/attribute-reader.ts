import { MAX_PAYLOAD_CHARS } from "../../track/payload.ts";
import type { Attributes } from "./otel-types.ts";

/** Reads attributes and remembers which, so that the rest can be told from them. */
export type AttributeReader = {
  /** The first of these that is there. All of them count as read. */
  first(names: readonly string[]): unknown;
  /** `prefix.0.a.b` and the like as a list of objects. */
  list(prefix: string): unknown[] | undefined;
  /** All that begin with the prefix, under the rest of their names. */
  under(prefix: string): Record<string, unknown>;
  rest(): Record<string, unknown>;
};

export function createAttributeReader(attributes: Attributes): AttributeReader {
  const unread = new Map(Object.entries(attributes));

  function takeUnder(prefix: string): [name: string, value: unknown][] {
    const taken: [string, unknown][] = [];
    for (const [name, value] of unread) {
      if (!name.startsWith(prefix)) continue;
      unread.delete(name);
      taken.push([name.slice(prefix.length), value]);
    }
    return taken;
  }

  return {
    first(names) {
      let found: unknown;
      for (const name of names) {
        found ??= unread.get(name);
        unread.delete(name);
      }
      return found;
    },
    list(prefix) {
      const items: unknown[] = [];
      for (const [path, value] of takeUnder(`${prefix}.`)) put(items, path.split("."), value);
      return items.length === 0 ? undefined : items.filter((item) => item !== undefined);
    },
    under: (prefix) => Object.fromEntries(takeUnder(prefix)),
    rest: () => Object.fromEntries(unread),
  };
}

const MAX_ITEMS = 1_000;
const INDEX = /^\d{1,4}$/u;

/** Lays a value into nested lists and objects; a path that makes none is left out. */
function put(list: unknown[], path: readonly string[], value: unknown): void {
  let at: object = list;
  for (const [depth, name] of path.entries()) {
    if (Array.isArray(at) ? !INDEX.test(name) || Number(name) >= MAX_ITEMS : name === "__proto__") return;
    if (depth === path.length - 1) {
      Reflect.set(at, name, parsed(value));
      return;
    }
    let next: unknown = Reflect.get(at, name);
    if (typeof next !== "object" || next === null) {
      next = INDEX.test(path[depth + 1] ?? "") ? [] : Object.create(null);
      Reflect.set(at, name, next);
    }
    at = next as object;
  }
}

const LOOKS_LIKE_JSON = /^\s*[[{]/u;

/** Attributes hold objects as JSON text; what is none, or too long to be kept whole, stays the text it is. */
export function parsed(value: unknown): unknown {
  if (typeof value !== "string" || value.length > MAX_PAYLOAD_CHARS || !LOOKS_LIKE_JSON.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
