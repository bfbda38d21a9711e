import os
import subprocess
import sys
from dataclasses import replace

import pytest

from keeper.core.leases import check_holder
from keeper.execution import identity
from keeper.execution.identity import is_dead, this_holder, this_process

ME = this_process()
pytestmark = pytest.mark.skipif(ME is None, reason="this system has no /proc that tells of processes")


@pytest.fixture
def sleeper():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def holder_of(pid):
    return replace(ME, pid=pid, start=identity._stat(str(pid)).start)  # noqa: SLF001 - the child's own start


def test_holder__of_this_process__says_boot_namespace_pid_and_start():
    boot_id, namespace, pid, start = this_holder().split(":")

    assert len(boot_id) == 36
    assert int(pid) == os.getpid()
    assert int(namespace) > 0
    assert int(start) > 0
    check_holder(this_holder())


def test_process__alive__is_not_dead(sleeper):
    assert not is_dead(this_holder())
    assert not is_dead(str(holder_of(sleeper.pid)))
    assert not is_dead(str(replace(ME, pid=1, start=identity._stat("1").start)))  # noqa: SLF001 - of another user


def test_process__killed__is_dead_before_and_after_it_is_reaped(sleeper):
    holder = str(holder_of(sleeper.pid))
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(holder)

    sleeper.wait()

    assert is_dead(holder)


def test_process__number_used_again_by_another__is_dead(sleeper):
    holder = holder_of(sleeper.pid)

    assert is_dead(str(replace(holder, start=holder.start - 1)))


def test_process__of_another_boot_or_namespace__is_never_called_dead(sleeper):
    holder = holder_of(sleeper.pid)
    sleeper.kill()
    sleeper.wait()

    assert not is_dead(str(replace(holder, boot_id="00000000-0000-4000-8000-000000000000")))
    assert not is_dead(str(replace(holder, pid_namespace=holder.pid_namespace + 1)))


def test_process__under_a_proc_of_another_namespace__has_a_random_name():
    script = "from keeper.execution.identity import this_process; print(this_process())"
    apart = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]  # with the /proc of the namespace above
    try:
        subprocess.run([*apart, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system lets nobody make a namespace")

    done = subprocess.run([*apart, sys.executable, "-c", script], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "None"


@pytest.mark.parametrize(
    "holder",
    [
        "",
        "elsewhere",
        "0f" * 16,
        f"{ME.boot_id}:{ME.pid_namespace}:0:5",
        f"{ME.boot_id}:{ME.pid_namespace}:-1:5",
        f"{ME.boot_id}:{ME.pid_namespace}:99999999999999:5",
        f"{ME.boot_id}:{ME.pid_namespace}:../1:5",
        f"{ME.boot_id}:{ME.pid_namespace}:12:5\n",
        f"{ME.boot_id}:{ME.pid_namespace}:١٢:5",
    ]
    if ME
    else [],
)
def test_holder__that_is_no_process__is_never_called_dead(holder):
    assert not is_dead(holder)


@pytest.mark.parametrize(
    "stat",
    ["", "12 (x) S", "12 x S " + "1 " * 30, "12 (x) S " + "x " * 30, "9" * 30 + " (x) S " + "1 " * 30],
)
def test_stat__odd__is_an_error_and_nobody_is_called_dead(tmp_path, monkeypatch, stat):
    monkeypatch.setattr(identity, "_PROC", tmp_path)
    (tmp_path / "12").mkdir()
    (tmp_path / "12/stat").write_text(stat)

    with pytest.raises(ValueError, match="does not look"):
        identity._stat("12")  # noqa: SLF001 - nothing public reads another folder
    assert this_process() is None
    assert len(this_holder()) == 32
    assert not is_dead(str(replace(ME, pid=12, start=1)))


def test_stat__command_with_brackets_and_spaces__is_read_past_it(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "_PROC", tmp_path)
    (tmp_path / "12").mkdir()
    (tmp_path / "12/stat").write_bytes(b"12 (a) Z (\xff\n b) S 1 -1 " + b"0 " * 14 + b"7 0 4711 0 0\n")

    stat = identity._stat("12")  # noqa: SLF001 - nothing public reads another folder

    assert (stat.pid, stat.state, stat.threads, stat.start) == (12, "S", 7, 4711)
