"""Every error the keeper raises on purpose, and what the supervisor does about it.

KeeperError
├── Transient                 try again inside the retry budget, then drop this cycle
│   ├── NodeUnavailable
│   ├── SourceUnavailable
│   ├── StoreUnavailable
│   ├── NotifierUnavailable
│   ├── SignerUnavailable
│   ├── TipMoved
│   └── LeaseLost
├── Refused                   drop this cycle, record why, keep running
│   ├── StalePrice
│   ├── TooFewSources
│   ├── PriceDisagreement
│   ├── PriceJump
│   ├── WhalesUnknown
│   ├── MarketRefused
│   ├── PlanRejected
│   │   └── PriceLeftMandate
│   ├── FeeTooHigh
│   ├── TransactionRefused
│   ├── ResultUnreadable
│   ├── SignerRefused
│   └── BadInput
└── Halt                      stop, page a person, exit 78 so that systemd does not restart
    ├── BadSettings
    ├── PluginBroken
    ├── LedgerMismatch
    └── UnknownContractError
"""


class KeeperError(Exception):
    """Base of every deliberate keeper error; `facts` carries the numbers, never a secret."""

    def __init__(self, message: str = "", **facts: object) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.facts = facts


class Transient(KeeperError):
    """The outside world hiccuped; the same call may work shortly."""


class NodeUnavailable(Transient):
    """The Stacks node did not answer, or answered something that is not an answer."""


class SourceUnavailable(Transient):
    """A price source or venue did not answer, or answered something that cannot be used."""


class StoreUnavailable(Transient):
    """The store could not be read or written; nothing may be spent until it can."""


class NotifierUnavailable(Transient):
    """An alert channel did not take the message."""


class SignerUnavailable(Transient):
    """The signer did not answer, or answered something that is not a signature; nothing counts as signed."""


class TipMoved(Transient):
    """The chain moved on while a cycle was reading; read again at the new tip."""


class LeaseLost(Transient):
    """Another keeper holds the lease, or this one could not renew it: stand by, send nothing, wait for a new term."""


class Refused(KeeperError):
    """Nothing safe can be done in this cycle."""


class StalePrice(Refused):
    """A price is older than its bound."""


class TooFewSources(Refused):
    """Fewer sources than the minimum gave a usable price."""


class PriceDisagreement(Refused):
    """Price sources are further apart than allowed."""


class PriceJump(Refused):
    """A price moved further since the last agreed price than allowed."""


class WhalesUnknown(Refused):
    """A source of whales is silent, and without it other whales would be followed."""


class MarketRefused(Refused):
    """The venue's contract would refuse this swap."""


class PlanRejected(Refused):
    """The plan breaks a limit of the mandate or of the policy."""


class PriceLeftMandate(PlanRejected):
    """An agreed price has moved further since the vote than a mandate bears."""


class FeeTooHigh(Refused):
    """The network asks for a higher transaction fee than the cap allows."""


class TransactionRefused(Refused):
    """The node or a contract refused a transaction."""


class ResultUnreadable(Refused):
    """A transaction was mined as a success, but what it answered has a shape that this keeper does not know."""


class SignerRefused(Refused):
    """The signer will not sign this transaction; the message says by which rule."""


class BadInput(Refused):
    """A described problem or request is malformed; the message names the field."""


class Halt(KeeperError):
    """Something is wrong that only a person can judge."""


class BadSettings(Halt):
    """A setting is missing or out of bounds; the message names it."""


class PluginBroken(Halt):
    """A plugin could not be loaded; the message names it."""


class LedgerMismatch(Halt):
    """The vault's books and the chain's balances differ."""


class UnknownContractError(Halt):
    """A contract answered with an error code this keeper does not know."""
