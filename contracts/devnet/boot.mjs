// From an empty machine to the scenario's first morning: markets, pools, yesterday's round, and then the people.

import { setImmediate as nextTurn } from "node:timers/promises";

import { openMarkets, pauseVenue } from "./boot-market.mjs";
import { openPools } from "./boot-pools.mjs";
import { openChain, STACKS_BLOCK_SECS } from "./chain.mjs";
import { Devnet } from "./devnet.mjs";
import { readScenario, Scenario } from "./scenario.mjs";
import { MarketMaker } from "./venues.mjs";
import { Voters } from "./voters.mjs";
import { diaStep, World } from "./world.mjs";

const HISTORY_SECS = 2 * 86_400 + 7_200; // the set-up, a day of voting, and the day since

/** Boots the scenario so that the chain's clock ends up at the time of day outside. */
export async function bootScenario({ manifestPath, scenarioPath, timeline, trackCosts }) {
  const morning = Math.floor(Date.now() / 1000);
  const chain = await openChain({ manifestPath, genesisTime: morning - HISTORY_SECS, trackCosts });
  const scenario = new Scenario(readScenario(scenarioPath), () => chain.time);
  openMarkets(chain, scenario);
  await nextTurn(); // a signal to stop is heard only between steps
  openPools(chain, scenario);
  await nextTurn();
  const maker = new MarketMaker(chain, scenario);
  const trades = maker.steps(); // yesterday's purchases moved the markets a little
  if (trades.length > 0) chain.mineSteps(trades);
  const left = morning - STACKS_BLOCK_SECS - chain.time;
  if (left < 0) throw new Error(`the set-up took ${-left} s of chain time more than its history has`);
  chain.advance(left);
  chain.mineSteps([diaStep(scenario.usd("STX"), chain.time, chain.deployer)]);
  const devnet = new Devnet(chain);
  const world = new World(devnet, scenario, maker, timeline);
  devnet.inhabitants.push(new Voters(devnet, scenario.data), world);
  return {
    devnet,
    scenario,
    pauseVenue: (venue, paused) => devnet.act(() => pauseVenue(chain, venue, paused)),
  };
}
