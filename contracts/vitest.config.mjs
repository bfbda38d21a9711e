import { getClarinetVitestsArgv, vitestSetupFilePath } from "@stacks/clarinet-sdk/vitest";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.mjs"],
    globalSetup: ["./devnet/prepare.mjs"],
    setupFiles: [vitestSetupFilePath],
    environment: "./tools/simnet/environment.mjs",
    environmentOptions: { clarinet: { ...getClarinetVitestsArgv() } },
    // One virtual machine for all files: opening it is the slow part.
    silent: "passed-only",
    pool: "forks",
    isolate: false,
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
