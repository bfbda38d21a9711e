// A Clarinet project in a temporary folder: the SDK rewrites a plan beside the manifest it reads, and two runs side by
// side must not share it.

import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { prepare } from "../../devnet/prepare.mjs";
import { clarityOf, manifestAs } from "./clarity.mjs";

export const CONTRACTS_DIR = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** The manifest, with our contracts as the version that CLARITY names. */
export const readManifest = () => manifestAs(readFileSync(join(CONTRACTS_DIR, "Clarinet.toml"), "utf8"), clarityOf());

/** [name, path] of every contract of a manifest. */
export const contractsOf = (manifest) => [...manifest.matchAll(/^\[contracts\.([^\]]+)\]\npath = "([^"]+)"/gm)].map(([, name, path]) => [name, path]);

/** Fills a new folder; the sources are links unless `sources` gives others by file name. Returns the manifest's path. */
export function makeProject(folder, manifest, sources = {}) {
  mkdirSync(folder);
  cpSync(join(CONTRACTS_DIR, "settings"), join(folder, "settings"), { recursive: true });
  symlinkSync(join(CONTRACTS_DIR, "doubles"), join(folder, "doubles"));
  if (Object.keys(sources).length === 0) {
    symlinkSync(join(CONTRACTS_DIR, "src"), join(folder, "src"));
  } else {
    cpSync(join(CONTRACTS_DIR, "src"), join(folder, "src"), { recursive: true });
    for (const [file, text] of Object.entries(sources)) writeFileSync(join(folder, "src", file), text);
  }
  writeFileSync(join(folder, "Clarinet.toml"), manifest);
  prepare({ contractsDir: folder });
  return join(folder, "Clarinet.toml");
}
