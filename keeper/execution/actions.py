"""What the keeper asks contracts to do, each with the conditions it may happen under."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keeper.chain.c32 import parse_principal
from keeper.chain.contracts import MandateLimits, PoolContracts, PostedPrice, QueuedWithdrawal, SwapLeg, Target
from keeper.chain.postconditions import Compare, FtSent, Mode, PostCondition, StxSent, parse_asset
from keeper.core.assets import STX, AssetBook
from keeper.core.plans import Leg, Plan
from keeper.core.policy import Policy, PoolRule
from keeper.core.records import IntentKind
from keeper.core.units import MicroStx
from keeper.core.withdrawals import Payment
from keeper.execution.orders import Order

SHARE_TOKEN = "pool-share"  # noqa: S105 - the fungible token's name inside the share contract
REIMBURSED_PERCENT = 110
"""The rebalancer pays a keeper its fee and a tenth."""


class Actions:
    """Turns decisions into orders. Pure but for what it is built with; the sender does the rest."""

    def __init__(self, contracts: PoolContracts, assets: AssetBook, policy: Policy) -> None:
        self._contracts = contracts
        self._assets = assets
        self._policy = policy

    def propose(
        self, rule: PoolRule, target_bps: Mapping[str, int], last_proposal: int, because: Mapping[str, Any]
    ) -> Order:
        """Ask stakers for a mandate; the hash commits to everything the proposal was made from."""
        policy = self._policy
        targets = [Target(self._assets[symbol].principal, bps) for symbol, bps in target_bps.items()]  # type: ignore[arg-type]
        limits = MandateLimits(policy.mandate_turnover_bps, policy.max_slippage_bps, policy.mandate_loss_bps)
        committed = hashlib.sha256(json.dumps(because, sort_keys=True).encode()).digest()
        return Order(
            purpose=f"propose:{rule.pool_id}:after-{last_proposal}",
            kind=IntentKind.PROPOSE,
            pool_id=rule.pool_id,
            call=self._contracts.propose_mandate(rule.pool_id, targets, limits, policy.mandate_open, committed),
            mode=Mode.DENY,
            expects={"target_bps": dict(target_bps), "plan_hash": committed.hex(), "because": dict(because)},
        )

    def conclude(self, rule: PoolRule, proposal_id: int) -> Order:
        """End a vote whose time is over."""
        return Order(
            purpose=f"conclude:{proposal_id}",
            kind=IntentKind.CONCLUDE,
            pool_id=rule.pool_id,
            call=self._contracts.conclude(proposal_id),
            mode=Mode.DENY,
            expects={"proposal": proposal_id},
        )

    def post_prices(self, rule: PoolRule, prices: Sequence[PostedPrice]) -> Order:
        """Report prices; the same prices are the same order, newer ones are another."""
        newest = max(price.at for price in prices)
        what = hashlib.sha256(repr([(p.asset, p.price_e12, p.at) for p in prices]).encode()).hexdigest()[:12]
        return Order(
            purpose=f"post-prices:{newest}:{what}",
            kind=IntentKind.POST_PRICES,
            pool_id=rule.pool_id,
            call=self._contracts.post_prices(prices),
            mode=Mode.DENY,
            expects={"prices": {p.asset: {"price_e12": str(p.price_e12), "at": p.at} for p in prices}},
        )

    def run_slice(self, rule: PoolRule, mandate_id: int, number: int, plan: Plan, fee: MicroStx) -> Order:
        """Run one slice. Nothing of the keeper's own may leave; the vault and the venues are held to the plan.

        The vault may send of each sold asset what the legs sell, and STX for the keeper's fee; every
        venue has to pay at least the sum of the minimums of its legs that have no other venue to fall
        back on. `fee` is what the transaction pays and the pool gives back with a tenth on top.
        """
        legs = [self._swap(leg) for leg in plan.legs]
        return Order(
            purpose=f"rebalance:{rule.pool_id}:{mandate_id}:{number}",
            kind=IntentKind.REBALANCE,
            pool_id=rule.pool_id,
            call=self._contracts.rebalance_pool(rule.pool_id, mandate_id, number, fee, legs),
            mode=Mode.ORIGINATOR,
            conditions=(*self._vault_sends(plan.legs, fee), *self._venues_pay(plan.legs)),
            fee_ustx=fee,
            expects={"mandate": mandate_id, "slice": number, "legs": [leg_facts(leg) for leg in plan.legs]},
        )

    def pay_withdrawals(
        self, rule: PoolRule, queue: Sequence[QueuedWithdrawal], idle_ustx: int, due: Sequence[Payment]
    ) -> Order:
        """Pay the queue as far as STX goes. The same queue is the same order: each payment leaves another queue.

        What is paid for which shares depends on the prices of that block, so the conditions say what holds
        at any price: something is paid and burned, and no more than was idle and in escrow.
        """
        vault = parse_principal(self._contracts.name("whale-pool-vault"))
        shares = parse_asset(f"{rule.share}::{SHARE_TOKEN}")
        rows = [(item.user, item.shares, item.min_out, item.asked_at) for item in queue]
        state = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
        return Order(
            purpose=f"pay:{rule.pool_id}:{state}",
            kind=IntentKind.PAY_WITHDRAWAL,
            pool_id=rule.pool_id,
            call=self._contracts.process_withdrawals(rule.pool_id, rule.share),
            mode=Mode.DENY,
            conditions=(
                StxSent(vault, Compare.GE, 1),
                StxSent(vault, Compare.LE, idle_ustx),
                FtSent(vault, shares, Compare.GE, 1),
                FtSent(vault, shares, Compare.LE, sum(item.shares for item in queue)),
            ),
            expects={"payments": [payment_facts(payment) for payment in due]},
        )

    def pause(self, pool_id: int) -> Order:
        """Stop a pool, or all of them with 0; whoever signs must hold the role `emergency`."""
        return Order(
            purpose=f"pause:{pool_id}",
            kind=IntentKind.PAUSE,
            pool_id=pool_id or None,
            call=self._contracts.emergency_pause(pool_id),
            mode=Mode.DENY,
            urgent=True,
        )

    def fill_gap(self, nonce: int) -> Order:
        """Use up a nonce that is in the way, with a call that anyone may make and that changes nothing."""
        return Order(
            purpose=f"fill:{nonce}",
            kind=IntentKind.FILL_GAP,
            pool_id=None,
            call=self._contracts.observe(()),
            mode=Mode.DENY,
            expects={"nonce": nonce},
        )

    def _swap(self, leg: Leg) -> SwapLeg:
        sell, buy = self._assets[leg.sell].principal, self._assets[leg.buy].principal
        other = None if leg.fallback is None else leg.fallback.adapter
        return SwapLeg(sell, buy, leg.amount_in, leg.min_out, leg.adapter, other)

    def _vault_sends(self, legs: Iterable[Leg], fee: MicroStx) -> list[PostCondition]:
        vault = self._contracts.name("whale-pool-vault")
        sold: dict[str, int] = {STX: fee * REIMBURSED_PERCENT // 100}
        for leg in legs:
            sold[leg.sell] = sold.get(leg.sell, 0) + leg.amount_in
        return [self._sends(vault, symbol, Compare.LE, amount) for symbol, amount in sold.items()]

    def _venues_pay(self, legs: Iterable[Leg]) -> list[PostCondition]:
        """Hold the venues to their minimums; a leg with a fallback has no one payer that could be named.

        Such a leg is held by the contracts: whoever pays, the vault counts what arrived and refuses less
        than the leg's minimum, or than the agreed price less the slippage.
        """
        due: dict[tuple[str, str], int] = {}
        for leg in (leg for leg in legs if leg.fallback is None):
            due[leg.payer, leg.buy] = due.get((leg.payer, leg.buy), 0) + leg.min_out
        return [self._sends(payer, symbol, Compare.GE, amount) for (payer, symbol), amount in due.items()]

    def _sends(self, who: str, symbol: str, compare: Compare, amount: int) -> PostCondition:
        asset, sender = self._assets[symbol], parse_principal(who)
        if asset.is_stx:
            return StxSent(sender, compare, amount)
        return FtSent(sender, parse_asset(f"{asset.principal}::{asset.token_name}"), compare, amount)


def leg_facts(leg: Leg) -> dict[str, Any]:
    """Return a leg as JSON-safe facts; amounts are strings of base units."""
    return {
        "venue": leg.venue,
        "sell": leg.sell,
        "buy": leg.buy,
        "hops": len(leg.pool_keys),
        "amount_in": str(leg.amount_in),
        "expected_out": str(leg.expected_out),
        "min_out": str(leg.min_out),
        "fallback": None if leg.fallback is None else leg.fallback.venue,
    }


def payment_facts(payment: Payment) -> dict[str, Any]:
    """Return what a user should get as JSON-safe facts."""
    return {"user": payment.user, "ustx": str(payment.ustx), "whole": payment.whole}
