// A throw-away Clarinet project: the SDK writes plans and caches beside the manifest it reads, and two
// local chains started at the same time must not share them.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CONTRACTS_DIR, prepare } from "./prepare.mjs";

const PREFIX = "whale-devnet-";
const EMPTY_MANIFEST = `[project]
name = "bare"
telemetry = false

[repl]
log_print_events = "none"
`;

/** Makes the project in a temporary folder; `bare` leaves every contract out. Call `remove()` when done. */
export function makeProject({ bare }) {
  sweep();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    return { manifestPath: fill(folder, bare), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function fill(folder, bare) {
  const manifestPath = join(folder, "Clarinet.toml");
  mkdirSync(join(folder, "settings"));
  cpSync(join(CONTRACTS_DIR, "settings", "Devnet.toml"), join(folder, "settings", "Devnet.toml"));
  if (bare) {
    writeFileSync(manifestPath, EMPTY_MANIFEST);
  } else {
    cpSync(join(CONTRACTS_DIR, "Clarinet.toml"), manifestPath);
    for (const name of ["src", "doubles"]) symlinkSync(join(CONTRACTS_DIR, name), join(folder, name));
    prepare({ contractsDir: folder });
  }
  return manifestPath;
}

// A chain that was killed outright could not tidy up; the next one does.
function sweep() {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`, "u").exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM"; // somebody else's, but there
  }
}
