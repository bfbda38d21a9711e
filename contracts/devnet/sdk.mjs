// The clarinet SDK with its virtual machine laid open: to put a chain back, one needs the memory that it keeps to itself.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/**
 * Loads the virtual machine. Returns its bindings, its WebAssembly exports and the address to import the SDK from.
 * Throws when this process has loaded it before, since the machine is made at the first loading only.
 */
export function openSdk() {
  const sdkPath = createRequire(import.meta.url).resolve("@stacks/clarinet-sdk");
  const { loaded: wasm, exports } = withMachineSeen(() => createRequire(sdkPath)("@stacks/clarinet-sdk-wasm"));
  if (exports === undefined) throw new Error("the SDK was loaded before; its memory is out of reach");
  return { wasm, exports, sdkUrl: pathToFileURL(sdkPath.replace("/dist/cjs/", "/dist/esm/")).href };
}

/** The result of `load`, and the exports of the first machine made meanwhile. */
function withMachineSeen(load) {
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
    return { loaded: load(), exports };
  } finally {
    WebAssembly.Instance = Instance;
    globalThis.FinalizationRegistry = Registry;
  }
}
