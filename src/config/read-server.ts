import type { ConfigProblem, FoundValues, ServerAccess } from "./config.ts";

/** The server to record through. A key alone would look as if it were used. */
export function readServer(values: FoundValues, problems: ConfigProblem[]): ServerAccess | null {
  const url = values.get("url");
  const key = values.get("key");
  if (url !== undefined) return { url: url.text, key: key?.text ?? null };
  if (key === undefined || problems.some(({ option }) => option === "url")) return null;
  problems.push({
    option: "url",
    place: "UPTAKE_URL",
    value: null,
    problem: `the server's address is missing although ${key.place ?? "key"} is set`,
    expected: "both, or no key",
    remedy: "set UPTAKE_URL (in code: url), or unset the key to record into a database",
  });
  return null;
}
