// The SDK with its virtual machine laid open, so that moments of it can be kept.

import { openSdk } from "../../devnet/sdk.mjs";
import { Moments } from "./moments.mjs";

const LOADED = Symbol.for("whale-pool simnet sdk");

/** Loads the SDK, once in a process; the first to load it there has to be this. */
export function loadSdk() {
  globalThis[LOADED] ??= load();
  return globalThis[LOADED];
}

async function load() {
  const { wasm, exports, sdkUrl } = openSdk();
  const { initSimnet } = await import(sdkUrl);
  return { initSimnet, newMoments: (first) => new Moments(exports, wasm, first) };
}
