// The vitest environment of the contract tests: the simulated chain as `simnet`, with four differences from the
// SDK's own environment.
//
// - Version. What is deployed as Clarity 4 in epoch 3.4, from the manifest or by a test, is deployed as the version
//   that CLARITY names, in its epoch; see clarity.mjs. Other versions stay what they are: doubles keep their own.
// - Speed. A session that was opened once is put back from memory; see moments.mjs. `moment` does the same for
//   whatever a test prepares. The session that vitest's helpers open before each test is put back when a test
//   looks at it first, so that a test that prepares its own never pays for it.
// - Coverage (`-- --coverage`). The SDK names a record after the path the session's manifest gives for the
//   contract's *name*, and forgets what a manifest does not name. Tests that begin from an empty project called
//   "tests" get one that has our sources under a bystander, so that their own deployments of the same names are reported; a
//   contract of one of our names with another source (a mock) is left out. What is recorded is merged as it
//   comes, and collected before the chain goes back. Written to coverage/, one file for each environment.
// - The manifest is a copy in a temporary folder: two runs side by side would both rewrite the SDK's plan beside it.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

import { Records, recordsOf } from "../lcov.mjs";
import { clarityOf } from "./clarity.mjs";
import { CONTRACTS_DIR, contractsOf, makeProject, readManifest } from "./project.mjs";
import { loadSdk } from "./sdk.mjs";

const COVERAGE_DIR = join(CONTRACTS_DIR, "coverage");
const BYSTANDER = "faucet";
const OURS = 4;
const OUR_EPOCH = "3.4";
const sessionOf = (manifest) => `session ${resolve(manifest)}`;

class Stage {
  #sdk;
  #moments;
  #clarity;
  #coverage;
  #folder;
  #projects;
  // The moment to go back to when somebody looks.
  #due = null;
  #opened = new Set();
  // Contracts of this session that only share a name with one of ours.
  #impostors = new Set();
  #impostorsAt = new Map();

  static async open({ coverage }) {
    const stage = new Stage();
    stage.#clarity = clarityOf();
    stage.#coverage = coverage ? new Records() : null;
    stage.#folder = mkdtempSync(join(tmpdir(), "whale-pool-simnet-"));
    const manifest = readManifest();
    const main = makeProject(join(stage.#folder, "main"), manifest);
    stage.#projects = { main, bystander: null, contracts: new Map(contractsOf(manifest)) };

    const { initSimnet, newMoments } = await loadSdk();
    stage.#sdk = await initSimnet(main, true, { trackCoverage: coverage });
    stage.#moments = newMoments(sessionOf(main));
    stage.#impostorsAt.set(sessionOf(main), new Set());
    if (coverage) stage.#coverage.add(recordsOf(stage.#sdk.collectReport(false, "").coverage));
    return stage;
  }

  get manifest() {
    return this.#projects.main;
  }

  get simnet() {
    const own = {
      initSession: (cwd, manifest) => this.#openSession(cwd, manifest),
      deployContract: (name, source, options, sender) => this.#deploy(name, source, options, sender),
      setEpoch: (epoch) => this.#setEpoch(epoch),
      setCurrentTestName: () => {},
      collectReport: () => this.#collect(),
    };
    return new Proxy(this.#sdk, {
      get: (sdk, name) => {
        if (Object.hasOwn(own, name)) return own[name];
        this.#settle();
        const value = sdk[name];
        return typeof value === "function" ? value.bind(sdk) : value;
      },
    });
  }

  async #openSession(cwd, manifest) {
    const name = sessionOf(manifest);
    if (this.#moments.has(name)) {
      this.#due = name;
      return;
    }
    this.#record();
    this.#moments.restoreFirst();
    const path = this.#coverage ? this.#beside(manifest) : manifest;
    await this.#sdk.initSession(dirname(path), path);
    this.#due = null;
    this.#impostors = new Set();
    // A copy takes hundreds of megabytes: what is opened once is not worth it.
    if (this.#opened.has(name)) this.#keep(name);
    this.#opened.add(name);
  }

  /** With coverage the empty project called "tests" is exchanged for one that has our contracts under a bystander. */
  #beside(manifest) {
    const text = readFileSync(manifest, "utf8");
    if (contractsOf(text).length > 0 || !/^name = "tests"$/m.test(text)) return manifest;
    if (!this.#projects.bystander) {
      const ours = readFileSync(this.manifest, "utf8").replaceAll(/^path = .*$/gm, `$&\ndeployer = "${BYSTANDER}"`);
      this.#projects.bystander = makeProject(join(this.#folder, "bystander"), ours);
    }
    return this.#projects.bystander;
  }

  #setEpoch(epoch) {
    this.#settle(); // or what is put back later would bring its own epoch
    return this.#sdk.setEpoch(epoch === OUR_EPOCH ? this.#clarity.epoch : epoch);
  }

  #deploy(name, source, options, sender) {
    this.#settle();
    const path = this.#projects.contracts.get(name);
    if (this.#coverage && path && readFileSync(join(CONTRACTS_DIR, path), "utf8") !== source) this.#impostors.add(basename(path));
    const version = options?.clarityVersion === OURS ? this.#clarity.version : options?.clarityVersion;
    return this.#sdk.deployContract(name, source, { ...options, clarityVersion: version }, sender);
  }

  /** Prepares something once; from the second time on the chain is put back to where that ended. `make` may be async. */
  moment(name, make) {
    if (this.#moments.has(name)) {
      this.#due = name;
      return undefined;
    }
    // Most begin with the manifest's session, and may as well begin with clean memory.
    if (this.#due === sessionOf(this.manifest)) {
      this.#record();
      this.#moments.restoreFirst();
      this.#impostors = new Set();
      this.#due = null;
    }
    const keep = () => {
      this.#settle();
      this.#record();
      this.#keep(name);
    };
    const made = make();
    return made instanceof Promise ? made.then(keep) : keep();
  }

  #keep(name) {
    this.#moments.keep(name);
    this.#impostorsAt.set(name, new Set(this.#impostors));
  }

  #settle() {
    if (this.#due === null) return;
    this.#record();
    this.#moments.restore(this.#due);
    this.#impostors = new Set(this.#impostorsAt.get(this.#due));
    this.#due = null;
  }

  /** Takes what was executed since the last time. A machine that broke down has nothing to say until it is put back. */
  #record() {
    if (!this.#coverage) return;
    let text;
    try {
      text = this.#sdk.collectReport(false, "").coverage;
    } catch (error) {
      process.stderr.write(`coverage of a broken machine is lost: ${error}\n`);
      return;
    }
    this.#coverage.add(recordsOf(text).filter(({ path }) => !this.#impostors.has(basename(path))));
  }

  // With a moment due nothing ran since the last time, or it will be taken before the chain goes back.
  #collect() {
    if (this.#due === null) this.#record();
    return { coverage: "" };
  }

  close() {
    if (this.#coverage) {
      mkdirSync(COVERAGE_DIR, { recursive: true });
      writeFileSync(join(COVERAGE_DIR, `${process.pid}-${Date.now()}.info`), this.#coverage.text());
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export default {
  name: "simnet",
  viteEnvironment: "ssr",
  setup(global, { clarinet }) {
    let stage = null;
    global.testEnvironment = "clarinet";
    global.coverageReports = [];
    // Opening takes seconds, on a busy machine more than vitest gives an environment: setup.mjs does it.
    global.openStage = async () => {
      if (stage) return;
      stage = await Stage.open(clarinet);
      global.options = { clarinet: { ...clarinet, manifestPath: stage.manifest, costs: false } };
      global.simnet = stage.simnet;
      global.moment = (name, make) => stage.moment(name, make);
    };
    return {
      teardown() {
        stage?.close();
        for (const name of ["testEnvironment", "options", "simnet", "moment", "openStage", "coverageReports"]) delete global[name];
      },
    };
  },
};
