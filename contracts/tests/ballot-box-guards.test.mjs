// What removing a guard of ballot-box would change and no other test sees.

import { describe, expect, it } from "vitest";

import { boot, p, read, stake, STX, who } from "./kit.mjs";

describe("may-propose", () => {
  it("wants a stake even while nothing at all is staked", async () => {
    await boot();
    expect(read("ballot-box", "may-propose", p(who.alice))).toBe(false);
    stake(who.alice, STX);
    expect(read("ballot-box", "may-propose", p(who.alice))).toBe(false); // not within the second it came in
    simnet.mineEmptyStacksBlock();
    expect(read("ballot-box", "may-propose", p(who.alice))).toBe(true);
  });
});
