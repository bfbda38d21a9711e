"""Plugins to typed adapters; the only caller of pluggy. A plugin that does not work is named and left out."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from typing import Any, Final

import pluggy
import structlog
from pydantic import ValidationError

from keeper import hookspecs
from keeper.errors import KeeperError, PluginBroken
from keeper.guarded import NAME, Count, GuardedDex, GuardedFeed, GuardedNotifier, GuardedSource, ignore
from keeper.ports import Dex, Notifier, PriceSource, WhaleFeed
from keeper.toolbox import Toolbox

log = structlog.get_logger("keeper.registry")

START_SECONDS: Final = 10.0
"""Longest that importing one plugin and running its hooks may take, together."""
MOST_ADAPTERS: Final = 64
"""Most adapters that one hook of one plugin may return."""
KINDS: Final = {
    "keeper_dexes": "market",
    "keeper_price_sources": "prices",
    "keeper_whale_sources": "whales",
    "keeper_notifiers": "send",
}
"""Every hook, and the method that its adapters must have."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A plugin that was asked for and is not in use, and why, with the remedy. Never holds a setting's value."""

    plugin: str
    why: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The adapters of all plugins in use, each kind in the plugins' configured order, no name twice in a kind."""

    dexes: tuple[Dex, ...]
    price_sources: tuple[PriceSource, ...]
    notifiers: tuple[Notifier, ...]
    whale_sources: tuple[WhaleFeed, ...] = ()
    broken: tuple[Broken, ...] = ()
    idle: tuple[str, ...] = ()
    """Plugins that started well and added nothing, such as a channel whose section has no address."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installed plugin says of itself; `hooks` is empty where `trouble` is not."""

    plugin: str
    distribution: str
    version: str
    module: str
    hooks: tuple[str, ...] = ()
    trouble: str = ""


def installed() -> tuple[str, ...]:
    """Return the names of all installed plugins, sorted, without loading them."""
    return tuple(sorted({point.name for point in entry_points(group=hookspecs.ENTRY_POINT_GROUP)}))


def describe(name: str) -> Installed:
    """Import an installed plugin, look at its hooks, and say what was found. Raises PluginBroken when there is none."""
    point = _entry_point(name)
    dist = point.dist
    known = ("unknown", "unknown") if dist is None else (dist.name, dist.version)
    hooks, trouble = _look_into(name, point.load)
    return Installed(name, *known, point.module, hooks, trouble)


def look_into(module: str) -> tuple[tuple[str, ...], str]:
    """Import a module that need not be installed; return its hooks, and what is wrong with it or an empty text."""
    return _look_into(module, lambda: import_module(module))


def _look_into(name: str, bring: Callable[[], Any]) -> tuple[tuple[str, ...], str]:
    found: tuple[str, ...] | str = _in_time(lambda: _hooks_of(_register(name, bring)), START_SECONDS)
    return ((), found) if isinstance(found, str) else (found, "")


def load(
    names: Sequence[str] | None, toolbox: Toolbox, *, count: Count = ignore, seconds: float = START_SECONDS
) -> Registry:
    """Load the plugins called `names` (None: all installed), check their hooks, and build their adapters.

    A plugin that is not installed, cannot be imported, misspells a hook, fails or hangs while it starts, or
    returns something that is no adapter or repeats a name, is left out as a whole, counted as
    `count(plugin, "start")` and listed in `broken`. Raises PluginBroken, which names them, when every plugin
    that was asked for is broken.
    """
    chosen = installed() if names is None else tuple(dict.fromkeys(names))
    taken: dict[str, dict[str, tuple[str, Any]]] = {hook: {} for hook in KINDS}
    broken, idle = list[Broken](), list[str]()
    for name in chosen:
        found = _start(name, toolbox, seconds)
        trouble = found if isinstance(found, str) else _take(taken, name, found)
        if trouble:
            broken.append(Broken(name, trouble))
            count(name, "start")
            log.error("plugin_left_out", plugin=name, reason=trouble)
        elif not isinstance(found, str) and not any(found.values()):
            idle.append(name)
    if broken and len(broken) == len(chosen):
        raise PluginBroken("; ".join(each.why for each in broken), plugins=[each.plugin for each in broken])
    return replace(_guarded(taken, count), broken=tuple(broken), idle=tuple(idle))


def _guarded(taken: dict[str, dict[str, tuple[str, Any]]], count: Count) -> Registry:
    def each(hook: str) -> Iterable[tuple[str, str, Any, Count]]:
        return ((name, plugin, adapter, count) for name, (plugin, adapter) in taken[hook].items())

    return Registry(
        dexes=tuple(GuardedDex(*one) for one in each("keeper_dexes")),
        price_sources=tuple(GuardedSource(*one) for one in each("keeper_price_sources")),
        notifiers=tuple(GuardedNotifier(*one) for one in each("keeper_notifiers")),
        whale_sources=tuple(GuardedFeed(*one) for one in each("keeper_whale_sources")),
    )


@dataclass(slots=True)
class _Stage:
    """How far a plugin got, for the sentence about it should it get no further."""

    words: str
    private: bool = False
    """Whether the plugin has seen its settings, which a text of its own making could then quote."""


@dataclass(slots=True)
class _Outcome:
    """What a thread leaves behind."""

    value: Any = None
    trouble: str = "it ended without an answer"
    over: threading.Event = field(default_factory=threading.Event)


def _start(name: str, toolbox: Toolbox, seconds: float) -> dict[str, list[tuple[str, Any]]] | str:
    """Return a plugin's adapters with their names by hook, or what is wrong with it."""
    try:
        point = _entry_point(name)
    except PluginBroken as exc:
        return str(exc)
    stage = _Stage("could not be loaded")

    def work() -> dict[str, list[tuple[str, Any]]]:
        manager = _register(name, point.load)
        found = {}
        for hook, method in KINDS.items():
            stage.words, stage.private = f"failed in {hook}", True
            found[hook] = _adapters(manager, toolbox, hook, method)
        return found

    found: dict[str, list[tuple[str, Any]]] | str = _in_time(
        work, seconds, lambda exc: _say(exc, private=stage.private)
    )
    if not isinstance(found, str):
        return found
    mend = f"correct its section [plugin.{name}]" if stage.private else f"mend it (`keeper plugins check {name}`)"
    return f"plugin {name!r} {stage.words}: {found}; {mend} or take it off the list"


def _in_time(work: Callable[[], Any], seconds: float, say: "Callable[[BaseException], str] | None" = None) -> Any:
    """Do `work` in a thread and return what it returns, or as a text what went wrong, after `seconds` at the latest.

    Python cannot stop a thread; one that hangs is left behind and ends with the process.
    """
    outcome = _Outcome()

    def run() -> None:
        try:
            outcome.value = work()
            outcome.trouble = ""
        except BaseException as exc:  # noqa: BLE001 - a plugin is somebody else's code, and this thread is its own
            outcome.trouble = (say or _say)(exc)
        finally:
            outcome.over.set()

    threading.Thread(target=run, name="plugin-start", daemon=True).start()
    if not outcome.over.wait(seconds):
        return f"it did not finish within {seconds:g} s"
    return outcome.trouble or outcome.value


def _register(name: str, bring: Callable[[], Any]) -> pluggy.PluginManager:
    """Import one plugin into a manager of its own, so that no plugin meets another."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(bring(), name=name)
    manager.check_pending()  # a misspelt hook is an error, not a silence
    return manager


def _hooks_of(manager: pluggy.PluginManager) -> tuple[str, ...]:
    return tuple(hook for hook in KINDS if getattr(manager.hook, hook).get_hookimpls())


def _entry_point(name: str) -> EntryPoint:
    points = {point.value: point for point in entry_points(group=hookspecs.ENTRY_POINT_GROUP, name=name)}
    if not points:
        known = ", ".join(installed()) or "none"
        remedy = "install its package, or take it off the list of plugins"
        msg = f"plugin {name!r} is not installed (installed: {known}); {remedy}"
        raise PluginBroken(msg, plugin=name)
    if len(points) > 1:
        msg = f"plugin {name!r} is installed more than once, as {' and '.join(sorted(points))}; remove all but one"
        raise PluginBroken(msg, plugin=name)
    return next(iter(points.values()))


def _adapters(manager: pluggy.PluginManager, toolbox: Toolbox, hook: str, method: str) -> list[tuple[str, Any]]:
    answers: Iterable[Iterable[Any]] = getattr(manager.hook, hook)(toolbox=toolbox)
    found = list(islice((adapter for answer in answers for adapter in answer), MOST_ADAPTERS + 1))
    if len(found) > MOST_ADAPTERS:
        msg = f"it returned more than {MOST_ADAPTERS} adapters"
        raise PluginBroken(msg)
    return [(_name_of(adapter, method), adapter) for adapter in found]


def _name_of(adapter: Any, method: str) -> str:
    name = getattr(adapter, "name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name) or not callable(getattr(adapter, method, None)):
        msg = f"it returned a {type(adapter).__name__}, which lacks a lower-case name or the method {method!r}"
        raise PluginBroken(msg)
    return name


def _take(taken: dict[str, dict[str, tuple[str, Any]]], plugin: str, found: dict[str, list[tuple[str, Any]]]) -> str:
    """Add a plugin's adapters to those in use: all of them, or none and the reason."""
    for hook, adapters in found.items():
        own: set[str] = set()
        for name, _ in adapters:
            if name in taken[hook] or name in own:
                first = taken[hook][name][0] if name in taken[hook] else plugin
                return f"plugins {first!r} and {plugin!r} both call an adapter {name!r} in {hook}; use one of them"
            own.add(name)
    for hook, adapters in found.items():
        taken[hook].update({name: (plugin, adapter) for name, adapter in adapters})
    return ""


def _say(exc: BaseException, *, private: bool = False) -> str:
    """Put an error into words; of one that may quote settings, only what cannot hold any of their values."""
    if isinstance(exc, ValidationError):
        faults = exc.errors(include_url=False, include_context=False, include_input=False)
        return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
    if isinstance(exc, KeeperError):
        return str(exc)
    return type(exc).__name__ if private else f"{type(exc).__name__}: {exc}"
