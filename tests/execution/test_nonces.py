import pytest

from keeper.errors import NodeUnavailable
from keeper.execution.nonces import MAX_WAITING, Nonces, believed

NOBODY = frozenset()


def test_believed__as_far_ahead_as_may_wait__is_taken_and_one_more_is_not():
    assert believed(7 + MAX_WAITING, 7) == 7 + MAX_WAITING
    with pytest.raises(NodeUnavailable, match="knows of none from 7 on"):
        believed(8 + MAX_WAITING, 7)


def test_gap__the_lowest_free_nonce_before_what_waits():
    assert Nonces(7, frozenset({7, 10}), NOBODY, frozenset({8})).gap == 9
    assert Nonces(7, frozenset({7, 8}), NOBODY).gap is None


def test_gap__what_waits_out_of_reach__has_none_before_it_however_far_it_is():
    nonces = Nonces(7, frozenset({7, 2**64 - 1}), NOBODY)

    assert (nonces.gap, nonces.out_of_reach, nonces.next()) == (None, (2**64 - 1,), 8)
    assert Nonces(7, frozenset({7 + MAX_WAITING}), NOBODY).gap == 7
    assert Nonces(7, frozenset({8 + MAX_WAITING}), NOBODY).gap is None
