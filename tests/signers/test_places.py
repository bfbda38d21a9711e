import copy
import os
import pickle

import pytest

from keeper.errors import BadSettings
from keeper.signers.places import locate, read_line, read_private
from keeper.signers.secret import Secret
from tests.signers.kit import private


def test_place__credential__is_the_file_that_systemd_handed_over(tmp_path):
    assert locate("credential:signer_key", {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == tmp_path / "signer_key"


def test_place__path__is_that_path(tmp_path):
    assert locate(f"{tmp_path}/key", {}) == tmp_path / "key"


@pytest.mark.parametrize("name", ["", ".", "..", "../key", "a/b", "/etc/key", ".hidden", "a b", "a\nb", "x" * 256])
def test_place__credential_that_is_a_path__is_refused(tmp_path, name):
    with pytest.raises(BadSettings, match="does not name a credential"):
        locate(f"credential:{name}", {"CREDENTIALS_DIRECTORY": str(tmp_path)})


@pytest.mark.parametrize("environ", [{}, {"CREDENTIALS_DIRECTORY": ""}])
def test_place__credential_without_systemd__says_what_to_add_to_the_unit(environ):
    with pytest.raises(BadSettings, match=r"LoadCredential=signer_key:"):
        locate("credential:signer_key", environ)


def test_private_file__pipe_without_a_writer__is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)

    with pytest.raises(BadSettings, match="not a plain file"):
        read_private(tmp_path / "pipe", "key file")


def test_private_file__folder__is_refused(tmp_path):
    with pytest.raises(BadSettings, match="not a plain file"):
        read_private(tmp_path, "key file")


def test_private_file__link_to_an_open_file__is_judged_by_that_file(tmp_path):
    private(tmp_path / "real", b"secret").chmod(0o644)
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with pytest.raises(BadSettings, match="chmod 600"):
        read_private(tmp_path / "link", "key file")


def test_private_file__far_too_long__is_refused_without_being_read(tmp_path):
    with pytest.raises(BadSettings, match="longer than"):
        read_private(private(tmp_path / "file", bytes(8 * 1024 + 1)), "key file")


@pytest.mark.parametrize("content", [b"word", b"word\n", b"word\r\n"])
def test_line__with_or_without_its_end__is_the_same(tmp_path, content):
    assert read_line(private(tmp_path / "file", content), "token file").reveal() == b"word"


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines\n", b"two\nlines"])
def test_line__none_or_several__is_refused_without_quoting_it(tmp_path, content):
    with pytest.raises(BadSettings, match="one line") as refused:
        read_line(private(tmp_path / "file", content), "token file")

    assert "lines" not in str(refused.value)


def test_secret__shown_copied_or_pickled__shows_stars_only():
    secret = Secret(b"hush-hush")

    assert "hush" not in f"{secret} {secret!r} {secret!s} {[secret]} { {'a': secret} }"
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            leak(secret)
    with pytest.raises(TypeError):
        vars(secret)


def test_secret__forgotten__is_empty():
    secret = Secret(b"hush-hush")

    secret.forget()

    assert secret.reveal() == b""
