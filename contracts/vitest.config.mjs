import { getClarinetVitestsArgv, vitestSetupFilePath } from "@stacks/clarinet-sdk/vitest";
import { defineConfig } from "vitest/config";

import { clarityOf } from "./tools/simnet/clarity.mjs";

// What says nothing about a Clarity version: the local chain and the deployment plans, which choose their own; tests
// of tools and of texts; the random sequences, whose machine is their own and which take long.
const ONE_VERSION_ONLY = ["devnet", "plans", "errors", "invariants", "tools-!(measure)"].map((name) => `tests/${name}.test.mjs`);

export default defineConfig({
  test: {
    include: ["tests/**/*.test.mjs"],
    exclude: clarityOf().version === 4 ? [] : ONE_VERSION_ONLY,
    globalSetup: ["./devnet/prepare.mjs"],
    setupFiles: ["./tools/simnet/setup.mjs", vitestSetupFilePath],
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
