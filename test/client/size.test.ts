import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, it } from "vitest";

const LIMIT_BYTES = 4_000;

it("is under 4 kB, minified and gzipped, without a dependency", async () => {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    build: { write: false, minify: true, lib: { entry: "src/client.ts", formats: ["es"], fileName: "client" } },
  });
  if (!Array.isArray(built)) throw new TypeError("vite built no bundle");
  const chunks = built.flatMap(({ output }) => output);
  expect(chunks).toHaveLength(1);
  const [chunk] = chunks;
  if (chunk?.type !== "chunk") throw new TypeError("vite built no script");
  expect(chunk.imports).toEqual([]);
  expect(gzipSync(chunk.code, { level: 9 }).length).toBeLessThan(LIMIT_BYTES);
});
