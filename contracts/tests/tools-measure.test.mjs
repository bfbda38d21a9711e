// The measuring tools: lcov records, versions, moments of the chain, and how costs are written.

import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { makeProject } from "../devnet/project.mjs";
import { typeText, withDoors } from "../tools/costs/chain.mjs";
import { goalsOf, pageOf } from "../tools/costs/page.mjs";
import { Records, percent, ranges, recordsOf, sum } from "../tools/lcov.mjs";
import { clarityOf, manifestAs } from "../tools/simnet/clarity.mjs";

const LCOV = `TN:
SF:/somewhere/src/a.clar
FN:3,f
DA:3,0
DA:4,0
BRDA:4,0,0,0
BRDA:4,0,1,0
end_of_record
TN:first
SF:/elsewhere/src/a.clar
DA:3,2
DA:4,0
BRDA:4,0,0,-
BRDA:4,0,1,1
end_of_record
SF:/somewhere/tests/mocks/b.clar
DA:1,1
end_of_record
`;

describe("lcov records", () => {
  it("are merged by contract, wherever it was opened from, and what is not ours is left out", () => {
    const records = new Records().add(recordsOf(LCOV));

    expect(records.tally("src/a.clar")).toEqual({
      path: "src/a.clar",
      lines: { found: 2, hit: 1, missed: [4] },
      branches: { found: 2, hit: 1, missed: [4] },
    });
    expect(records.tally("src/b.clar")).toBeNull();
    expect(records.text()).toBe("TN:\nSF:src/a.clar\nDA:3,2\nDA:4,0\nBRDA:4,0,0,0\nBRDA:4,0,1,1\nend_of_record\n");
  });

  it("say the same after they were written and read", () => {
    const once = new Records().add(recordsOf(LCOV));
    const twice = new Records().add(recordsOf(once.text()));

    expect(twice.text()).toBe(once.text());
  });

  it("count per cent without rounding up", () => {
    expect(percent({ hit: 9_799, found: 10_000 })).toBe(97.99);
    expect(percent({ hit: 97_999, found: 100_000 })).toBe(97.99);
    expect(percent({ hit: 98, found: 100 })).toBe(98);
    expect(percent({ hit: 0, found: 0 })).toBe(100);
    expect(sum([{ hit: 1, found: 2 }, { hit: 3, found: 4 }])).toEqual({ hit: 4, found: 6 });
  });

  it("name lines as runs", () => {
    expect(ranges([3, 4, 5, 9, 11, 12])).toBe("3-5 9 11-12");
    expect(ranges([])).toBe("");
  });
});

describe("the Clarity version", () => {
  it.each([["4", 4, "3.4"], ["5", 5, "3.4"], ["6", 6, "4.0"]])("%s goes with its epoch", (setting, version, epoch) => {
    expect(clarityOf(setting)).toEqual({ version, epoch });
  });

  it("is nothing else", () => {
    for (const setting of ["3", "7", "six"]) expect(() => clarityOf(setting)).toThrow("CLARITY");
  });

  it("replaces what the manifest says of our contracts, and nothing else", () => {
    const text = '[contracts.a]\npath = "src/a.clar"\nclarity_version = 4\nepoch = "3.4"\n[contracts.b]\nclarity_version = 2\nepoch = "2.1"\n';

    expect(manifestAs(text, { version: 6, epoch: "4.0" })).toBe(text.replace("clarity_version = 4", "clarity_version = 6").replace('"3.4"', '"4.0"'));
  });

  it("is the one that the chain of these tests has", () => {
    const { version, epoch } = clarityOf();
    const face = simnet.getContractsInterfaces().get(`${simnet.deployer}.pool-access`);

    expect(face.clarity_version).toBe(`Clarity${version}`);
    expect(face.epoch).toBe(`Epoch${epoch.replace(".", "")}`);
    simnet.deployContract("probe", "(define-public (f) (ok true))", { clarityVersion: 4 }, simnet.deployer);
    expect(simnet.getContractsInterfaces().get(`${simnet.deployer}.probe`).clarity_version).toBe(`Clarity${version}`);
  });
});

describe("a moment", () => {
  const COUNTER = "(define-data-var n uint u0)\n(define-public (add (x uint)) (begin (var-set n (+ (var-get n) x)) (ok (var-get n))))";
  const add = (x) => simnet.callPublicFn("counter", "add", [Cl.uint(x)], simnet.deployer).result;
  let made = 0;
  const prepare = async () => {
    made += 1;
    simnet.deployContract("counter", COUNTER, { clarityVersion: 4 }, simnet.deployer);
    add(5);
  };

  it.each([1, 2, 3])("is made once and come back to as it was: %i", async () => {
    await moment("a counter at five", prepare);

    expect(made).toBe(1);
    expect(add(2)).toBeOk(Cl.uint(7));
    expect(add(2)).toBeOk(Cl.uint(9));
  });

  it("does not reach into tests that do not ask for it", () => {
    expect(simnet.getContractSource(`${simnet.deployer}.counter`)).toBeUndefined();
  });

  it("keeps what the machine knows of JavaScript: a block of several calls runs after another project was open", async () => {
    const step = (x) => ({ callPublicFn: { contract: "counter", method: "add", args: [Cl.uint(x)], sender: simnet.deployer } });
    const mine = (...steps) => simnet.mineBlock(steps).map(({ result }) => Cl.prettyPrint(result));
    const prepareBlock = () => {
      simnet.deployContract("counter", COUNTER, { clarityVersion: 4 }, simnet.deployer);
      mine(step(5), step(6));
    };
    await moment("a counter and a block", prepareBlock);
    const project = makeProject({ bare: true });
    await simnet.initSession(process.cwd(), project.manifestPath);
    project.remove();
    expect(() => simnet.callPublicFn("counter", "add", [Cl.uint(1)], simnet.deployer)).toThrow();
    await moment("a counter and a block", prepareBlock);

    expect(mine(step(1), step(1))).toEqual(["(ok u12)", "(ok u13)"]);
  });

  it("takes back what was deployed since", async () => {
    await moment("a counter at five", prepare);
    const long = "(ok true) ".repeat(2_000);
    for (let n = 0; n < 20; n += 1) {
      const source = `(define-public (f) (begin ${long.replaceAll("(ok true)", "(is-eq u1 u1)")} (ok u${n})))`;
      expect(simnet.deployContract(`large-${n}`, source, { clarityVersion: 4 }, simnet.deployer).result).toBeBool(true);
    }
    await moment("a counter at five", prepare);

    expect(simnet.getContractSource(`${simnet.deployer}.large-0`)).toBeUndefined();
    expect(add(1)).toBeOk(Cl.uint(6));
  });
});

describe("costs", () => {
  const limit = { runtime: 1_000, readCount: 1_000, readLength: 1_000, writeCount: 1_000, writeLength: 1_000 };
  const row = (contract, fn, size, more, reads = 10, note = undefined) =>
    ({ contract, fn, note, size, kind: "mock", limit, total: { runtime: 1, readCount: reads, readLength: 2, writeCount: 0, writeLength: 3 }, ...more });
  const slice = (reads, more) => row("pool-rebalancer", "rebalance-pool", 10, more, reads, "10 legs");
  const deposit = (reads) => row("whale-pool-vault", "deposit", 10, {}, reads);

  it("are held to 4 % of reads for a slice and 1 % of everything else", () => {
    expect(goalsOf([slice(40), deposit(10)]).map(({ met }) => met)).toEqual([true, true]);
    expect(goalsOf([slice(41), deposit(11)]).map(({ met }) => met)).toEqual([false, false]);
    expect(goalsOf([slice(40, { kind: "real" }), deposit(10)]).map(({ met }) => met)).toEqual([false, true]);
  });

  it("share a line where sizes cost the same", () => {
    const rows = [row("a", "f", 1), row("a", "f", 5), row("a", "f", 10, {}, 20)];
    const page = pageOf(rows, [{ text: "a goal", met: false }], { version: 5, epoch: "3.4" });

    expect(page).toContain("| `f` | 1, 5 | 0.100 | 1.000 | 0.200 | 0.000 | 0.300 |\n|  | 10 | 0.100 | 2.000 |");
    expect(page).toContain("- **missed**: a goal");
    expect(page).toContain("Clarity 5 in epoch 3.4");
  });

  it("open a door to a function with the arguments it has", () => {
    const args = [
      { name: "rows", type: { list: { length: 10, type: { tuple: [{ name: "who", type: "principal" }, { name: "n", type: "uint128" }] } } } },
      { name: "memo", type: { optional: { buffer: { length: 34 } } } },
    ];
    const sources = withDoors([["pool-access", "other", "f"]], () => ({ functions: [{ name: "f", args }] }));

    expect(sources["pool-access.clar"]).toContain("(define-public (door-to-other-f (rows (list 10 { who: principal, n: uint })) (memo (optional (buff 34))))\n  (contract-call? .other f rows memo)\n)");
    expect(typeText({ "string-ascii": { length: 12 } })).toBe("(string-ascii 12)");
  });
});
