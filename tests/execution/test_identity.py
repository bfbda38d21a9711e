import os
import subprocess
import sys
from dataclasses import replace

import pytest

from keeper.core.leases import check_holder
from keeper.execution.identity import Stat, is_dead, read_stat, this_holder, this_process

ME = this_process()
REST = "1 -1 " + "0 " * 14 + "1 0 4711 0 0"


@pytest.fixture
def sleeper():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
def proc(tmp_path):
    """Return a folder that looks like the /proc of this process, as far as anybody reads it."""
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text(f"{ME.boot_id}\n")
    (tmp_path / "self/ns").mkdir(parents=True)
    (tmp_path / "self/ns/pid").symlink_to(f"pid:[{ME.pid_namespace}]")
    write_stat(tmp_path, "self", f"{os.getpid()} (x) S {REST}")
    return tmp_path


def write_stat(proc, which, stat):
    (proc / which).mkdir(exist_ok=True)
    (proc / which / "stat").write_bytes(stat if isinstance(stat, bytes) else stat.encode())


def holder_of(pid):
    return replace(ME, pid=pid, start=read_stat(str(pid)).start)


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
    assert not is_dead(str(replace(ME, pid=1, start=read_stat("1").start)))  # of another user


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


def test_proc__absent__gives_a_random_name_and_nobody_is_called_dead(tmp_path):
    assert this_process(tmp_path) is None
    assert len(this_holder(tmp_path)) == 32
    assert this_holder(tmp_path) != this_holder(tmp_path)
    assert not is_dead(str(replace(ME, pid=7)), tmp_path)


def test_proc__of_this_namespace__tells_who_is_dead(proc):
    write_stat(proc, "12", f"12 (x) S {REST}")

    assert this_process(proc) == replace(ME, start=4711)
    assert not is_dead(str(replace(ME, pid=12, start=4711)), proc)
    assert is_dead(str(replace(ME, pid=12, start=4710)), proc)


def test_proc__of_another_namespace__gives_a_random_name_and_nobody_is_called_dead(proc):
    write_stat(proc, "self", f"{os.getpid() + 1} (x) S {REST}")

    assert this_process(proc) is None
    assert not is_dead(str(replace(ME, pid=12)), proc)


def test_proc__hides_the_process__is_not_called_dead(proc, sleeper):
    assert not is_dead(str(replace(ME, pid=sleeper.pid)), proc)


@pytest.mark.parametrize("state", ["Z", "X"])
def test_proc__zombie_with_threads_at_work__is_not_called_dead(proc, state):
    write_stat(proc, "12", f"12 (x) {state} {REST}".replace(" 1 0 4711", " 2 0 4711"))

    assert not is_dead(str(replace(ME, pid=12, start=4711)), proc)


@pytest.mark.parametrize("boot_id", ["", "not-a-boot-id", "é" * 36])
def test_proc__boot_id_odd__gives_a_random_name(proc, boot_id):
    (proc / "sys/kernel/random/boot_id").write_text(boot_id)

    assert this_process(proc) is None


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
    ],
)
def test_holder__that_is_no_process__is_never_called_dead(holder):
    assert not is_dead(holder)


@pytest.mark.parametrize(
    "stat",
    ["", "12 (x) S", "12 x S " + "1 " * 30, "12 (x) S " + "x " * 30, "9" * 30 + " (x) S " + "1 " * 30],
)
def test_stat__odd__is_an_error_and_nobody_is_called_dead(proc, stat):
    write_stat(proc, "12", stat)

    with pytest.raises(ValueError, match="does not look"):
        read_stat("12", proc)
    assert not is_dead(str(replace(ME, pid=12, start=1)), proc)


def test_stat__command_with_brackets_and_spaces__is_read_past_it(proc):
    write_stat(proc, "12", b"12 (a) Z (\xff\n b) S 1 -1 " + b"0 " * 14 + b"7 0 4711 0 0\n")

    assert read_stat("12", proc) == Stat(pid=12, state="S", threads=7, start=4711)
