import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**"], // needs a browser: npm run test:browser
    globalSetup: ["test/support/global-setup.ts"],
    // Real databases on a machine that may be busy with other work.
    testTimeout: 150_000,
    hookTimeout: 150_000,
    teardownTimeout: 20_000,
    pool: "forks",
    // One more than a small machine has cores: much of the time is waiting for leases, time-outs and other processes.
    maxWorkers: 3,
  },
});
