"""One step of one pool: propose, conclude, refresh prices, run a slice, pay a withdrawal. Order, no rules."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from keeper import narrate, outcomes
from keeper.analysis import (
    Analysis,
    budget_of,
    estimate_whole,
    held_or_wanted,
    plan_towards,
    reportable,
    targets_of,
    worth_of,
)
from keeper.chain.contracts import ConsensusPrice, PoolContracts, PostedPrice
from keeper.chain.plain import Record
from keeper.core.assets import STX, AssetBook
from keeper.core.benefit import Worth
from keeper.core.chain_types import Tip
from keeper.core.market import MarketView
from keeper.core.plans import Limits, Plan
from keeper.core.policy import Policy, PoolRule
from keeper.core.records import Intent, IntentKind, Outcome
from keeper.core.slicing import slice_limits, whole_limits
from keeper.core.units import BPS_ONE, PRICE_ONE, Bps, Seconds
from keeper.core.withdrawals import Payment, PoolMoney, payments
from keeper.course import Courses
from keeper.errors import (
    PlanRejected,
    PriceDisagreement,
    PriceJump,
    Refused,
    StalePrice,
    TipMoved,
    TooFewSources,
)
from keeper.execution.actions import Actions
from keeper.execution.orders import Order
from keeper.execution.sender import Sender
from keeper.observe import TIP_RETRY, WebPrices
from keeper.outcomes import Done, Unfinished
from keeper.ports import Chain, Clock, Store
from keeper.requotes import Requote, Requotes
from keeper.results import read_result
from keeper.retry import READ

Read = TypeVar("Read")

WHOLE = Bps(2 * BPS_ONE)
"""A turnover that no plan reaches: what is left to do is looked at as one trade."""
REFRESH_MARGIN = 3
"""On-chain prices are reported anew once they have used up a third of the keeper's own bound."""
REFRESH_GAP_BPS = 30
"""They are also reported anew once they differ this much from ours: the contract judges slices by its own."""
REFRESH_REST = Seconds(60)
"""But not so soon after the last report: what differs then is what the oracle itself thinks, and a plan keeps to that too."""

MENDED_BY_A_REPORT = (StalePrice, TooFewSources, PriceDisagreement)
"""The oracle judges when something is reported, and keeps its verdict until then: so a report is what may change it."""


class Steps:
    """What the cycle can do next, one method each."""

    def __init__(
        self,
        chain: Chain,
        contracts: PoolContracts,
        assets: AssetBook,
        policy: Policy,
        sender: Sender,
        clock: Clock,
        store: Store,
    ) -> None:
        self._chain = chain
        self._contracts = contracts
        self._assets = assets
        self._policy = policy
        self._sender = sender
        self._clock = clock
        self._actions = Actions(contracts, assets, policy)
        self._requotes = Requotes(chain, contracts, assets)
        self._courses = Courses(store, assets, policy.pace)
        self._avoided: dict[int, frozenset[str]] = {}
        self._reported: dict[int, Seconds] = {}

    async def propose(self, rule: PoolRule, found: Analysis) -> Done:
        """Open a vote on today's target, if bringing the pool there is worth what it costs."""
        worth = await self._worth(found)
        if worth is not None and worth.excess_ustx > 0:
            return Done(Outcome.NOT_WORTH_IT, narrate.not_worth_it(found, worth), {"worth": narrate.worth_facts(worth)})
        last = 0 if found.proposal is None else found.proposal.proposal_id
        because = narrate.analysis_facts(found)
        order = self._actions.propose(rule, found.target.target_bps, last, because)
        intent = await self._settle(order)
        why = None if worth is None else narrate.worth_facts(worth)
        return outcomes.proposed(rule, intent, self._clock.now(), because=found.step.reason, worth=why)

    async def _worth(self, found: Analysis) -> Worth | None:
        """Weigh cost and benefit of a rebalance to today's target; None while the venues let nobody tell the cost."""
        whole = whole_limits(self._policy)
        plan = await self._towards(found.target.target_bps, found, found.facts.market, whole)
        made = estimate_whole(plan, found, self._assets, self._policy)
        return worth_of(plan, made, found, self._assets, self._policy)

    async def conclude(self, rule: PoolRule, found: Analysis) -> Done:
        """End the vote and say how it went."""
        if found.proposal is None:
            message = "there is no proposal to conclude"
            raise PlanRejected(message)
        proposal_id = found.proposal.proposal_id
        intent = await self._settle(self._actions.conclude(rule, proposal_id))
        return await self._concluded(rule, intent, **_votes(found))

    async def _concluded(self, rule: PoolRule, intent: Intent, **votes: str) -> Done:
        """Return how a vote ended. Raises NodeUnavailable."""
        if passed := outcomes.passed(intent, **votes):
            return passed
        state = await TIP_RETRY(self._state_of, int(intent.call["expects"]["proposal"]))
        return outcomes.failed_vote(rule, intent, state, self._clock.now(), **votes)

    async def _state_of(self, proposal_id: int) -> str:
        """Return how a proposal stands on the chain now."""
        found = await self._contracts.proposal(self._chain, await self._chain.tip(), proposal_id)
        return "unknown" if found is None else found.state

    async def refresh_prices(self, rule: PoolRule, found: Analysis, web: WebPrices) -> Done | None:
        """Report prices when the oracle's are old, not enough or off; None when they are good for another while."""
        if await self._oracle_is_fresh(rule, found):
            return None
        return await self.post_prices(rule, found, web)

    async def post_prices(self, rule: PoolRule, found: Analysis, web: WebPrices) -> Done:
        """Report what the web sources agree on; the oracle looks at the venues itself in the same call."""
        posted = self._to_report(rule, found, web)
        intent = await self._settle(self._actions.post_prices(rule, posted))
        self._reported[rule.pool_id] = self._clock.now()
        tripped = read_result(intent, lambda value, what: Record(value, what).number("tripped"))
        if tripped:
            message = f"the oracle's breaker tripped on {tripped} price(s): a jump or a spread beyond its bound"
            raise PriceJump(message, txid=intent.txid, tripped=tripped)
        return Done(Outcome.PRICES_POSTED, f"reported {len(posted)} prices to the oracle", {"txid": intent.txid})

    async def _oracle_is_fresh(self, rule: PoolRule, found: Analysis) -> bool:
        oldest = found.facts.tip.time - self._policy.max_price_age // REFRESH_MARGIN
        try:
            theirs = await self._as_of(found.facts.tip, lambda tip: self._oracle_prices(tip, rule, found))
        except MENDED_BY_A_REPORT:
            return False
        if found.facts.tip.time - self._reported.get(rule.pool_id, Seconds(0)) < REFRESH_REST:
            return True
        return all(
            price.oldest_at >= oldest and _apart(price.price_e12, found.prices[symbol].price_e12) <= REFRESH_GAP_BPS
            for symbol, price in theirs.items()
        )

    async def heartbeat_due(self, rule: PoolRule, found: Analysis) -> bool:
        """Tell whether a pool at rest needs its prices reported, so that people can deposit and leave.

        What counts is the age of the last report. Other sources have a rhythm of their own, which no
        report of ours makes younger; and our web sources may stamp a price earlier than it is reported.
        """
        every, tip = self._policy.price_heartbeat, found.facts.tip
        if not every or tip.time - self._reported.get(rule.pool_id, Seconds(0)) < every:
            return False
        for symbol in held_or_wanted(rule, found.facts):
            at = await READ(self._contracts.reported_at, self._chain, tip, self._assets[symbol].principal)
            if at is None or at < tip.time - every:
                return True
        return False

    async def _oracle_prices(self, tip: Tip, rule: PoolRule, found: Analysis) -> dict[str, ConsensusPrice]:
        """Return the oracle contract's own prices of what the pool holds or wants, STX aside."""
        symbols = [s for s in held_or_wanted(rule, found.facts) if s != STX]
        return {s: await READ(self._contracts.price, self._chain, tip, self._assets[s].principal) for s in symbols}

    async def _as_of(self, tip: Tip, read: Callable[[Tip], Awaitable[Read]]) -> Read:
        """Read at the block that was looked at, or all at a newer one where that can no longer be read."""
        try:
            return await read(tip)
        except TipMoved:
            return await self._at_newest(read)

    async def _at_newest(self, read: Callable[[Tip], Awaitable[Read]]) -> Read:
        """Read at the newest block there is, and again at the next one when that was taken back meanwhile."""

        async def newest() -> Read:
            return await read(await self._chain.tip())

        return await TIP_RETRY(newest)

    async def _accepted(self, tip: Tip, rule: PoolRule, found: Analysis) -> dict[str, int]:
        """Return the prices that the contracts judge a slice by.

        What the pool does not hold may be without one, and is then not bought. Raises what the oracle says of the rest.
        """
        accepted = {STX: PRICE_ONE}
        for symbol in held_or_wanted(rule, found.facts):
            if symbol == STX:
                continue
            try:
                price = await READ(self._contracts.price, self._chain, tip, self._assets[symbol].principal)
            except Refused:
                if found.portfolio.holdings.get(symbol, 0):
                    raise
            else:
                accepted[symbol] = int(price.price_e12)
        return accepted

    def _to_report(self, rule: PoolRule, found: Analysis, web: WebPrices) -> list[PostedPrice]:
        symbols = [symbol for symbol in held_or_wanted(rule, found.facts) if symbol != STX]
        agreement = reportable(symbols, web, self._policy, self._clock.now())
        prices = agreement.require(symbols)
        posted = [PostedPrice(self._assets[s].principal, prices[s].price_e12, prices[s].oldest_at) for s in symbols]
        if agreement.stx_usd is not None:
            usd = agreement.stx_usd
            posted.append(PostedPrice(self._assets[STX].principal, usd.price_e12, usd.oldest_at))
        return posted

    async def wait_for_venues(self, rule: PoolRule, found: Analysis) -> Done | None:
        """Return why the next slice has to wait, None when it is due. Raises PriceLeftMandate."""
        wait = await self._courses.wait(rule, found)
        return None if wait is None else Done(Outcome.WAITING_FOR_VENUES, wait.reason, {"pace": dict(wait.facts)})

    async def plan(self, rule: PoolRule, found: Analysis) -> Plan:
        """Plan the next slice of the open mandate; venues that just failed come last."""
        if found.facts.mandate is None or found.mandate_drift is None:
            message = "no mandate is open"
            raise PlanRejected(message)
        limits = slice_limits(self._policy, budget_of(found.facts.mandate), found.mandate_drift).limits
        accepted = await self._as_of(found.facts.tip, lambda tip: self._accepted(tip, rule, found))
        limits = replace(limits, accepted_e12=accepted)
        target = targets_of(found.facts.mandate.targets, self._assets)
        avoided = self._avoided.pop(rule.pool_id, frozenset())
        market = found.facts.market
        if avoided:
            others = tuple(route for route in market.routes if route.venue not in avoided)
            plan = await self._towards(target, found, replace(market, routes=others), limits)
            if plan.legs:
                market = replace(market, routes=others)
        whole = await self._towards(target, found, market, replace(limits, max_turnover_bps=WHOLE))
        impact = await self._courses.impact(rule, found, whole, market)
        if impact is not None:
            limits = replace(limits, max_impact_bps=impact)
        return await self._towards(target, found, market, limits)

    async def _towards(self, target: Mapping[str, int], found: Analysis, market: MarketView, limits: Limits) -> Plan:
        """Plan beside the loop: a large plan takes long, and the page, the lease and the watchdog go on meanwhile."""
        return await asyncio.to_thread(plan_towards, target, found, market, limits, self._assets)

    async def run_slice(self, rule: PoolRule, found: Analysis) -> Done:
        """Trade the next slice and read off what it really did; wait while only the contracts' prices are in its way."""
        plan = await self.plan(rule, found)
        mandate = found.facts.mandate
        if plan.held_back:
            reason = f"{plan.reason}; it is tried again until the contracts' prices and ours are near enough"
            return Done(Outcome.WAITING_FOR_VENUES, reason, {"plan": narrate.plan_facts(plan)})
        if mandate is None or not plan.legs:
            raise PlanRejected(plan.reason, silent_venues=dict(found.facts.silent_venues))
        asked = await self._at_newest(lambda tip: self._requotes.of(plan.legs, tip))
        if short := [each for each in asked if each.falls_short]:
            return self._falls_short(rule, plan, short)
        number = mandate.slices + 1
        draft = self._actions.run_slice(rule, mandate.mandate_id, number, plan, self._sender.fee_cap)
        fee = await self._sender.quote_fee(draft)
        order = self._actions.run_slice(rule, mandate.mandate_id, number, plan, fee)
        await self._courses.sends(rule, found, number, plan)
        intent = await self._settle(order)
        off = [each.facts() for each in asked if each.differs]
        return outcomes.traded(intent, plan=narrate.plan_facts(plan), **({"requoted": off} if off else {}))

    def _falls_short(self, rule: PoolRule, plan: Plan, short: Sequence[Requote]) -> Done:
        """Send nothing that its own venues would refuse, and plan without them once."""
        self._avoided[rule.pool_id] = frozenset(each.leg.venue for each in short)
        venues = ", ".join(sorted(self._avoided[rule.pool_id]))
        reason = f"asked again before signing, {venues} would no longer pay a leg's minimum; it is planned anew"
        facts = {"plan": narrate.plan_facts(plan), "requoted": [each.facts() for each in short]}
        return Done(Outcome.WAITING_FOR_VENUES, reason, facts)

    async def _settle(self, order: Order) -> Intent:
        """Make `order` happen and return it settled. Raises Unfinished, or what the contract's refusal means."""
        intent = await self._sender.execute(order)
        self.learn(intent)
        if intent.failed:
            raise outcomes.refusal(intent)
        if not intent.succeeded:
            raise Unfinished(intent)
        return intent

    def learn(self, intent: Intent) -> None:
        """Keep away from the venues of a slice that was refused, once; also when only a later cycle found out."""
        if intent.kind is IntentKind.REBALANCE and intent.failed and intent.pool_id is not None:
            venues = (str(leg["venue"]) for leg in intent.call["expects"]["legs"])
            self._avoided[intent.pool_id] = frozenset(venues)

    async def found_out(self, rule: PoolRule, intent: Intent) -> Done | None:
        """Return what a transaction came to that no turn waited for; None for a kind that has no record of its own.

        Raises NodeUnavailable, ResultUnreadable.
        """
        match intent.kind:
            case IntentKind.REBALANCE:
                return outcomes.traded(intent)
            case IntentKind.PROPOSE:
                return outcomes.proposed(rule, intent, self._clock.now())
            case IntentKind.CONCLUDE:
                return await self._concluded(rule, intent)
            case IntentKind.PAY_WITHDRAWAL:
                return outcomes.paid(rule, intent, self._clock.now())
            case _:
                return None

    async def pay(self, rule: PoolRule, found: Analysis, due: Sequence[Payment]) -> Done:
        """Pay the queue as far as idle STX and the day's outflow go."""
        idle = found.portfolio.holdings.get(STX, 0)
        intent = await self._settle(self._actions.pay_withdrawals(rule, found.facts.queue, idle, due))
        return outcomes.paid(rule, intent, self._clock.now())

    def payable(self, found: Analysis) -> tuple[Payment, ...]:
        """Return who of the queue should be paid what now; nothing while it is not worth a transaction."""
        info, portfolio = found.facts.info, found.portfolio
        if info.pauses.withdrawals:
            return ()
        idle, gone = portfolio.holdings.get(STX, 0), found.facts.outflow_ustx
        return payments(found.facts.queue, PoolMoney(portfolio.total_ustx, info.total_shares, idle, gone))


def _apart(one: int, other: int) -> int:
    """Return how far two prices are apart, in bps of the lower one, rounded down."""
    return abs(one - other) * BPS_ONE // min(one, other)


def _votes(found: Analysis) -> dict[str, str]:
    proposal = found.facts.proposal
    if proposal is None:
        return {}
    return {
        "votes_for": str(proposal.votes_for),
        "votes_against": str(proposal.votes_against),
        "stake_total": str(proposal.stake_total),
    }
