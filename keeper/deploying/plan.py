"""A deployment plan in Clarinet's format: which contracts and calls, in which order, from whom, for which fee."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import yaml

from keeper.chain.c32 import parse_principal
from keeper.chain.hashing import sha512_256
from keeper.chain.payloads import DeployPayload
from keeper.core.units import MicroStx
from keeper.deploying.literals import parse_literal
from keeper.errors import BadInput

LARGEST: Final = 4 * 2**20
LARGEST_SOURCE: Final = 2**20
MOST_STEPS: Final = 1_000
MOST_FEE: Final = 10_000_000
"""µSTX for one transaction; a plan's dearest is below a tenth of it."""
UNSET: Final = ("SP000000000000000000002Q6VF78", "ST000000000000000000002AMW42H")
"""Addresses nobody has the key of; a plan with one of them is still to be filled in."""
_CONTRACT: Final = re.compile(r"S[PMTN][0-9A-HJKMNP-TV-Z]{26,39}\.[A-Za-z][A-Za-z0-9_-]*")
_ADDRESS: Final = re.compile(r"S[PMTN][0-9A-HJKMNP-TV-Z]{26,39}")


@dataclass(frozen=True, slots=True)
class Publish:
    """A contract to put on the chain."""

    contract: str
    payload: DeployPayload
    fee_ustx: MicroStx

    @property
    def code_hash(self) -> str:
        """What `contract-hash?` answers once it is there: SHA-512/256 of the source, as hex."""
        return sha512_256(self.payload.source.encode("ascii")).hex()


@dataclass(frozen=True, slots=True)
class Call:
    """A public function to call once."""

    contract: str
    function: str
    args: tuple[bytes, ...]
    fee_ustx: MicroStx


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """All of it, in order."""

    name: str
    network: Literal["mainnet", "testnet"]
    node_url: str
    sender: str
    steps: tuple[Publish | Call, ...]

    def publishes(self) -> tuple[Publish, ...]:
        """Return the contracts alone, in order."""
        return tuple(step for step in self.steps if isinstance(step, Publish))

    def fees_ustx(self) -> MicroStx:
        """Return what all of it costs, in µSTX."""
        return MicroStx(sum(step.fee_ustx for step in self.steps))


def read_plan(path: Path) -> DeploymentPlan:
    """Read a plan; contract files are taken from the folder above the plan's. Raises BadInput with the remedy."""
    try:
        if path.stat().st_size > LARGEST:
            _refuse(path, f"is larger than {LARGEST} bytes")
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
        _refuse(path, f"cannot be read: {why}", "name the file of a plan")
    except (yaml.YAMLError, RecursionError, ValueError) as exc:  # ValueError: a date or a number that is none
        _refuse(path, f"is not YAML: {type(exc).__name__}")
    reader = _Reader(path, path.resolve().parent.parent)
    network = reader.text(body, "network")
    if network not in ("mainnet", "testnet"):
        _refuse(path, f"is for {network[:20]!r}; only plans for mainnet and testnet are carried out")
    steps = tuple(reader.steps(body))
    if len(reader.senders) != 1:
        _refuse(path, f"has {len(reader.senders)} senders; one key signs all of it")
    [sender] = reader.senders
    if sender in UNSET:
        _refuse(path, "is still to be filled in: write the addresses into deployments/who.*.json and run `make plans`")
    named = reader.text(body, "name")
    return DeploymentPlan(
        named, "mainnet" if network == "mainnet" else "testnet", reader.text(body, "stacks-node"), sender, steps
    )


class _Reader:
    def __init__(self, path: Path, root: Path) -> None:
        self._path = path
        self._root = root
        self.senders: set[str] = set()
        self._stand_ins: dict[str, str] = {}
        """Contracts of others by their real names, and what stands in for them on testnet; Clarinet reads plans so too."""

    def steps(self, body: Any) -> Iterator[Publish | Call]:
        batches = self._list(self._map(body, "plan"), "batches")
        rows = [row for batch in batches for row in self._list(batch, "transactions")]
        if not 0 < len(rows) <= MOST_STEPS:
            _refuse(self._path, f"has {len(rows)} transactions; there have to be 1 to {MOST_STEPS}")
        for row in rows:
            if not isinstance(row, Mapping) or len(row) != 1:
                _refuse(self._path, "has a transaction that is not one thing to do")
            [(kind, of)] = row.items()
            match kind:
                case "contract-publish":
                    yield self._publish(of)
                case "requirement-publish":
                    yield self._double(of)
                case "contract-call":
                    yield self._call(of)
                case _:
                    _refuse(self._path, f"has a transaction {str(kind)[:40]!r}, which is not known")

    def _publish(self, of: Any) -> Publish:
        sender = self._sender(of, "expected-sender")
        source = self._source(self.text(of, "path"))
        source = _CONTRACT.sub(lambda found: self._stand_ins.get(found[0], found[0]), source)
        return self._contract(of, sender, self.text(of, "contract-name"), source)

    def _double(self, of: Any) -> Publish:
        """Return a contract of others that stands in on testnet: under our address, its principals renamed."""
        sender = self._sender(of, "remap-sender")
        names = self._map(of, "remap-principals")
        if not all(isinstance(k, str) and isinstance(v, str) for k, v in names.items()):
            _refuse(self._path, "has principals to rename that are not texts")
        source = _ADDRESS.sub(lambda found: names.get(found[0], found[0]), self._source(self.text(of, "path")))
        real = self.text(of, "contract-id")
        name = real.partition(".")[2]
        self._stand_ins[real] = f"{sender}.{name}"
        return self._contract(of, sender, name, source)

    def _contract(self, of: Any, sender: str, name: str, source: str) -> Publish:
        payload = DeployPayload(name, source, self.whole(of, "clarity-version", 1, 6))
        return Publish(f"{sender}.{name}", payload, self._fee(of))

    def _source(self, name: str) -> str:
        file = (self._root / name).resolve()
        if not file.is_relative_to(self._root):
            _refuse(self._path, f"names {name[:60]!r}, which is outside {self._root.name}")
        try:
            if file.stat().st_size > LARGEST_SOURCE:
                _refuse(self._path, f"names {name}, which is larger than {LARGEST_SOURCE} bytes")
            return file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as exc:
            _refuse(self._path, f"names {name[:60]!r}, which cannot be read: {exc}")

    def _call(self, of: Any) -> Call:
        self._sender(of, "expected-sender")
        contract = self.text(of, "contract-id")
        parse_principal(contract)
        parameters = self._list(of, "parameters")
        args = tuple(parse_literal(str(parameter)) for parameter in parameters)
        return Call(contract, self.text(of, "method"), args, self._fee(of))

    def _sender(self, of: Any, name: str) -> str:
        sender = self.text(of, name)
        parse_principal(sender)
        self.senders.add(sender)
        return sender

    def _fee(self, of: Any) -> MicroStx:
        return MicroStx(self.whole(of, "cost", 1, MOST_FEE))

    def text(self, of: Any, name: str) -> str:
        value = of.get(name) if isinstance(of, Mapping) else None
        if not isinstance(value, str) or not value:
            _refuse(self._path, f"has no text {name!r} where there should be one")
        return value

    def whole(self, of: Any, name: str, least: int, most: int) -> int:
        value = of.get(name) if isinstance(of, Mapping) else None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            _refuse(self._path, f"has no whole number {name!r} from {least} to {most} where there should be one")
        return value

    def _map(self, of: Any, name: str) -> Mapping[Any, Any]:
        value = of.get(name) if isinstance(of, Mapping) else None
        if not isinstance(value, Mapping):
            _refuse(self._path, f"has no section {name!r} where there should be one")
        return value

    def _list(self, of: Any, name: str) -> list[Any]:
        value = of.get(name) if isinstance(of, Mapping) else None
        if not isinstance(value, list):
            _refuse(self._path, f"has no list {name!r} where there should be one")
        return value


def _refuse(path: Path, why: str, remedy: str = "`make plans` writes plans anew") -> NoReturn:
    message = f"the plan {path} {why}; {remedy}"
    raise BadInput(message, field="plan")
