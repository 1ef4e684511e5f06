import { defineConfig } from "vitest/config";

/** Tests that need a browser, apart from the others: `npm run test:browser`. */
export default defineConfig({
  test: {
    include: ["test/browser/**/*.test.ts"],
    globalSetup: ["test/support/build.ts"],
    testTimeout: 150_000,
    hookTimeout: 600_000,
    teardownTimeout: 20_000,
    pool: "forks",
    maxWorkers: 1,
  },
});
