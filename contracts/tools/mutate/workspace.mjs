// A copy of this folder to work in: mutants never touch the real sources, and edits made meanwhile never touch a run.

import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { prepare } from "../../devnet/prepare.mjs";

export const CONTRACTS_DIR = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
const LEFT_OUT = new Set(["node_modules", ".cache"]);

/** { root, mutantFolder, remove }: the project of the tests, and its twin to make other manifests in. */
export function makeWorkspace() {
  const top = mkdtempSync(join(tmpdir(), "whale-mutants-"));
  const remove = () => rmSync(top, { recursive: true, force: true, maxRetries: 5 });
  process.on("exit", remove);
  const root = join(top, basename(CONTRACTS_DIR));
  for (const name of readdirSync(dirname(CONTRACTS_DIR))) {
    // What tests read outside their own folder stays where it is.
    if (name !== basename(CONTRACTS_DIR)) symlinkSync(join(dirname(CONTRACTS_DIR), name), join(top, name));
  }
  const mutantFolder = join(top, "mutant");
  for (const folder of [root, mutantFolder]) {
    cpSync(CONTRACTS_DIR, folder, { recursive: true, filter: (path) => dirname(path) !== CONTRACTS_DIR || !LEFT_OUT.has(basename(path)) });
    prepare({ contractsDir: folder });
  }
  symlinkSync(join(CONTRACTS_DIR, "node_modules"), join(root, "node_modules"));
  return { root, mutantFolder, remove };
}
