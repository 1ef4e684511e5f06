// The cluster that a new embedded database starts from: what initdb makes, packed. Made once for each version of PGlite.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";

const folder = "node_modules/.cache/uptake";

/** Its path, as a gzipped tar. */
export async function makeCluster() {
  const path = join(folder, `cluster-${pgliteVersion()}.tgz`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const db = await PGlite.create("memory://");
  const packed = await db.dumpDataDir("gzip");
  await db.close();
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, new Uint8Array(await packed.arrayBuffer()));
  renameSync(unfinished, path);
  return path;
}

function pgliteVersion() {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  return JSON.parse(readFileSync(join(dirname(entry), "../package.json"), "utf8")).version;
}
