// Runs before each test file: opens the simulated chain of environment.mjs, the first time.

await globalThis.openStage();
