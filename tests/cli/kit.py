"""What tests of the command line share: settings that load, and the command line as a shell calls it."""

import sys

from keeper.cli import main

CONFIG = """
network = "testnet"
node_url = "http://127.0.0.1:1"
deployer = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
signer_key_file = "{folder}/keeper.key"
store_path = "{folder}/keeper.sqlite3"
plugins = {plugins}

[[assets]]
symbol = "STX"
decimals = 6
contract = "stx"

[[pools]]
pool_id = 1
name = "DeFi Whale Index"
share_token = "pool-share-1"
assets = ["STX"]
whales = {{ category = "defi" }}
"""


def shell(capsys):
    """Return a function that runs the command line and gives (status, standard output, standard error)."""

    def run(*arguments):
        before, sys.argv = sys.argv, ["keeper", *map(str, arguments)]
        try:
            main()
        except SystemExit as exc:
            status = exc.code
        else:
            status = 0
        finally:
            sys.argv = before
        printed = capsys.readouterr()
        return status or 0, printed.out, printed.err

    return run
