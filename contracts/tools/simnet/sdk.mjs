// The SDK with its virtual machine laid open, so that moments of it can be kept.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import { Moments } from "./moments.mjs";

const LOADED = Symbol.for("whale-pool simnet sdk");

/** Loads the SDK, once in a process; the first to load it there has to be this. */
export function loadSdk() {
  globalThis[LOADED] ??= load();
  return globalThis[LOADED];
}

async function load() {
  const require = createRequire(import.meta.url);
  const sdkPath = require.resolve("@stacks/clarinet-sdk");
  const { Instance } = WebAssembly;
  const { FinalizationRegistry: Registry } = globalThis;
  let exports;
  WebAssembly.Instance = function (module, imports) {
    const instance = new Instance(module, imports);
    exports ??= instance.exports;
    return instance;
  };
  // A finaliser would free memory that going back has already given back.
  globalThis.FinalizationRegistry = class {
    register() {}
    unregister() {}
  };
  try {
    const wasm = createRequire(sdkPath)("@stacks/clarinet-sdk-wasm");
    if (exports === undefined) throw new Error("the SDK was loaded before; its memory is out of reach");
    const { initSimnet } = await import(pathToFileURL(sdkPath.replace("/dist/cjs/", "/dist/esm/")).href);
    return { initSimnet, newMoments: (first) => new Moments(exports, wasm, first) };
  } finally {
    WebAssembly.Instance = Instance;
    globalThis.FinalizationRegistry = Registry;
  }
}
