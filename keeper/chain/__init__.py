"""The only place that knows Stacks: addresses, Clarity values, transactions, signing, RPC, our contracts.

Read `contracts.py` for what the keeper reads and calls, `rpc.py` for how it reaches a node, and
`transactions.py` for what it sends. Bytes that break a rule of the wire format raise BadInput with
the offset and the reason; whatever a node answers that is not an answer raises NodeUnavailable.
"""
