"""`keeper contracts deploy | verify` against the local chain: the real machine, the real mempool rules."""

import asyncio
import json
import re
import shutil
import subprocess
from contextlib import suppress

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain import clarity
from keeper.chain.transactions import Network
from keeper.demo.local_chain import local_chain
from keeper.deploying.literals import parse_literal
from keeper.deploying.plan import Call, Publish, read_plan
from keeper.errors import BadInput
from keeper.signers.local import KeySigner
from tests.e2e.conftest import KEEPER, ROOT, clean_env

DEPLOYER = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
OTHER = "SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR"
BOX = f";; by {OTHER}\n(define-data-var kept uint u0)\n(define-public (keep (n uint)) (ok (var-set kept n)))\n"
CALLER = f"(define-public (twice) (contract-call? '{OTHER}.box keep u2))\n"
PLAN = """
id: 0
name: Two contracts
network: testnet
stacks-node: {node}
plan:
  batches:
    - id: 0
      transactions:
        - requirement-publish:
            contract-id: {other}.box
            remap-sender: {sender}
            remap-principals:
              {other}: {sender}
            cost: 10000
            path: doubles/box.clar
            clarity-version: 2
        - contract-publish:
            contract-name: caller
            expected-sender: {sender}
            cost: 20000
            path: src/caller.clar
            clarity-version: 3
      epoch: "3.1"
    - id: 1
      transactions:
        - contract-call:
            contract-id: {sender}.box
            expected-sender: {sender}
            method: {method}
            parameters:
              - u7
            cost: 5000
"""


def address_of(number):
    """Return the testnet address of a key that is a small number."""
    return KeySigner(number.to_bytes(32, "big"), Network.TESTNET).address


def written(folder, *, node="http://127.0.0.1:1", sender=DEPLOYER, method="keep", box=BOX):
    """Write a plan and its contracts as contracts/ has them, and return the plan's file."""
    for name, text in (("doubles/box.clar", box), ("src/caller.clar", CALLER)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    file = folder / "deployments" / "plan.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(PLAN.format(node=node, sender=sender, other=OTHER, method=method))
    return file


def run(*arguments, cwd):
    done = subprocess.run(
        [str(KEEPER), "contracts", *map(str, arguments), "--json"],
        cwd=cwd,
        env=clean_env(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


@pytest.mark.devnet
@pytest.mark.xdist_group("e2e")
async def test_deploy__plan_mended_half_way__goes_on_and_does_nothing_twice(tmp_path):
    async with local_chain(tmp_path / "chain.log", "--bare", "--block-ms", "400") as chain:
        sender = (await chain.get("/devnet/state"))["actors"]["keeper"]
        key = tmp_path / "deployer_key"
        key.touch(mode=0o600)
        key.write_text((await chain.get("/devnet/actors/keeper/key"))["key"])

        def deploy(method):
            plan = written(tmp_path, node=chain.url, sender=sender, method=method)
            return run("deploy", plan, "--key-file", key, cwd=tmp_path)

        broken = await asyncio.to_thread(deploy, "keeep")
        whole = await asyncio.to_thread(deploy, "keep")
        again = await asyncio.to_thread(deploy, "keep")
        elsewhere = await asyncio.to_thread(
            run,
            "deploy",
            tmp_path / "deployments/plan.yaml",
            "--key-file",
            key,
            "--journal",
            tmp_path / "new.sqlite3",
            cwd=tmp_path,
        )
        other = await asyncio.to_thread(
            run, "verify", written(tmp_path, node=chain.url, sender=sender, box=BOX + ";; more\n"), cwd=tmp_path
        )
        sent = (await chain.get(f"/devnet/transactions?sender={sender}"))["transactions"]

    assert broken[0] == 1, broken
    assert "keeep" in broken[2]
    assert (whole[0], [row["what"] for row in whole[1]["steps"]]) == (0, ["there already", "there already", "done"])
    assert {row["state"] for row in whole[1]["contracts"]} == {"same"}
    assert [row["what"] for row in again[1]["steps"]] == ["there already", "there already", "done before"]
    assert (elsewhere[0], "--journal" in elsewhere[2]) == (1, True)
    assert [row["state"] for row in other[1]["contracts"]] == ["differs", "same"]
    assert len(sent) <= 4, sent


def test_read_plan__both_kinds_of_contract_and_a_call__in_order(tmp_path):
    plan = read_plan(written(tmp_path))

    box, caller, call = plan.steps
    assert (plan.sender, plan.fees_ustx()) == (DEPLOYER, 35_000)
    assert isinstance(box, Publish)
    assert (box.contract, box.payload.clarity_version) == (f"{DEPLOYER}.box", 2)
    assert box.payload.source == BOX.replace(OTHER, DEPLOYER)
    assert (caller.contract, caller.payload.source) == (
        f"{DEPLOYER}.caller",
        CALLER.replace(OTHER, DEPLOYER),
    )
    assert call == Call(f"{DEPLOYER}.box", "keep", (clarity.uint(7),), 5_000)


@pytest.mark.parametrize("network", ["testnet", "mainnet"])
def test_read_plan__the_projects_own__is_refused_until_it_is_filled_in(network):
    with pytest.raises(BadInput, match="still to be filled in"):
        read_plan(ROOT / f"contracts/deployments/default.{network}-plan.yaml")


@pytest.mark.parametrize(("network", "address"), [("testnet", DEPLOYER), ("mainnet", OTHER)])
def test_read_plan__the_projects_own_filled_in__has_every_contract_and_readable_calls(tmp_path, network, address):
    for name in ("src", "doubles"):
        shutil.copytree(ROOT / "contracts" / name, tmp_path / name)
    (tmp_path / "deployments").mkdir()
    file = tmp_path / "deployments" / "plan.yaml"
    text = (ROOT / f"contracts/deployments/default.{network}-plan.yaml").read_text()
    file.write_text(re.sub(r"S[TP]0{17,}\w+", address, text))

    plan = read_plan(file)

    ours = {path.stem for path in (ROOT / "contracts/src").glob("*.clar")}
    assert ours <= {step.contract.partition(".")[2] for step in plan.publishes()}
    assert len(plan.steps) - len(plan.publishes()) > 20
    assert not [step for step in plan.publishes() if "000000000000" in step.payload.source.split("\n")[0]]


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("network: testnet", "network: simnet", "simnet"),
        ("path: doubles/box.clar", "path: ../outside.clar", "outside"),
        ("path: doubles/box.clar", "path: doubles/none.clar", "cannot be read"),
        ("cost: 10000\n", "cost: 99999999999\n", "cost"),
        ("cost: 10000\n", f"cost: {'9' * 5_000}\n", "is not YAML"),
        ("cost: 10000\n", "cost: 2026-99-99\n", "is not YAML"),
        ("clarity-version: 2", "clarity-version: true", "clarity-version"),
        ("contract-call:", "contract-dance:", "contract-dance"),
        (
            f"expected-sender: {DEPLOYER}\n            method",
            f"expected-sender: {OTHER}\n            method",
            "2 senders",
        ),
        ("- u7", "- (list u7", "too early"),
        ("batches:", "bunches:", "batches"),
        ("id: 0\nname", "id: [\nname", "not YAML"),
    ],
)
def test_read_plan__malformed__is_refused_and_says_why(tmp_path, old, new, part):
    file = written(tmp_path)
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))

    with pytest.raises(BadInput, match=re.escape(part)):
        read_plan(file)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("u5", clarity.uint(5)),
        ("-5", clarity.int_(-5)),
        ('"keeper"', clarity.ascii_("keeper")),
        (f"'{OTHER}.box", clarity.principal(f"{OTHER}.box")),
        ("true", clarity.bool_(True)),  # noqa: FBT003
        ("(some 0x0aff)", clarity.some(clarity.buffer(b"\x0a\xff"))),
        ("{ a: u1, b-c: none }", clarity.tuple_({"a": clarity.uint(1), "b-c": clarity.none()})),
        ("(list { x: u1 } { x: u2 })", clarity.list_([clarity.tuple_({"x": clarity.uint(n)}) for n in (1, 2)])),
    ],
)
def test_parse_literal__what_plans_hold__is_that_value(text, value):
    assert parse_literal(text) == value


@given(text=st.text(alphabet="(){}:,'\" u1aS-.list some", max_size=30) | st.text(max_size=10))
def test_parse_literal__anything__is_a_value_or_refused(text):
    with suppress(BadInput):
        assert clarity.value_of(parse_literal(text)) is not None


@pytest.mark.parametrize(
    "text", ["", "u", "u1 u2", "(list", "{ a u1 }", "{ a: u1, a: u2 }", "(" * 50, "u1" + "0" * 60, "`x"]
)
def test_parse_literal__malformed__is_refused(text):
    with pytest.raises(BadInput):
        parse_literal(text)


def test_deploy__key_of_somebody_else__needs_a_person(tmp_path, keeper):
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text("00" * 31 + "01")

    status, _, err = keeper("contracts", "deploy", written(tmp_path), "--key-file", key)

    assert (status, "is carried out by" in err) == (78, True)


def test_deploy__node_that_does_not_answer__is_a_failure_and_no_wrong_network(tmp_path, keeper):
    key, plan = tmp_path / "key", written(tmp_path, sender=address_of(1))
    key.touch(mode=0o600)
    key.write_text("00" * 31 + "01")

    status, _, err = keeper("contracts", "deploy", plan, "--key-file", key, "--journal", tmp_path / "j.sqlite3")

    assert (status, "answers for network" in err) == (1, False)
    assert "127.0.0.1" in err
    assert "that the node is running" in err


@pytest.mark.parametrize("command", ["verify", "deploy"])
@pytest.mark.parametrize("url", ["foo", "ftp://node.example", "https://user:hush-hush@node.example"])
def test_contracts__address_that_cannot_be_a_nodes__needs_a_person(tmp_path, keeper, command, url):
    key, plan = tmp_path / "key", written(tmp_path, sender=address_of(1))
    key.touch(mode=0o600)
    key.write_text("00" * 31 + "01")
    more = ("--key-file", key) if command == "deploy" else ()

    status, _, err = keeper("contracts", command, plan, "--node-url", url, *more)

    assert (status, "--node-url must" in err, "hush" in err) == (78, True, False)


@pytest.mark.parametrize(("more", "said"), [((), "compared 2 of 2 contracts with the chain\n"), (("--json",), "")])
async def test_verify__while_it_compares__says_how_far_it_is(tmp_path, keeper, more, said):
    async def nothing_there(_request):
        return web.json_response({}, status=404)

    app = web.Application()
    app.router.add_get("/{path:.*}", nothing_there)
    async with TestServer(app) as node:
        plan = written(tmp_path, node=str(node.make_url("/")))
        status, out, err = await asyncio.to_thread(keeper, "contracts", "verify", plan, *more)

    assert (status, out.count("missing"), err) == (1, 2, said)


def test_verify__plan_that_is_not_there__asks_for_another_name(tmp_path, keeper):
    status, _, err = keeper("contracts", "verify", tmp_path / "none.yaml")

    assert (status, "none.yaml cannot be read" in err, "make plans" in err) == (1, True, False)


def test_deploy__no_key__needs_a_person(tmp_path, keeper):
    assert keeper("contracts", "deploy", written(tmp_path))[0] == 78
