// One process, one driver: it loads the test files itself and runs their tests against mutants.

import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { vitestSetupFilePath } from "@stacks/clarinet-sdk/vitest";
import { defineConfig } from "vitest/config";

const HERE = dirname(fileURLToPath(import.meta.url));

/** Test files get our collector when they ask for vitest; the collector and the SDK's matchers get vitest itself. */
const collectInstead = {
  name: "collect-instead",
  enforce: "pre",
  resolveId(id, importer = "") {
    if (id === "vitest-itself") return this.resolve("vitest", importer, { skipSelf: true });
    if (id === "vitest" && /\/tests\/[^/]+\.mjs$/.test(importer)) return join(HERE, "collector.mjs");
    return null;
  },
};

export default defineConfig({
  root: resolve(HERE, "../.."),
  plugins: [collectInstead],
  test: {
    include: ["tools/mutate/driver.mjs"],
    setupFiles: [join(dirname(vitestSetupFilePath), "clarityValuesMatchers.ts")],
    environment: "node",
    pool: "forks",
    isolate: false,
    maxWorkers: 1,
    testTimeout: 0,
    silent: true,
  },
});
