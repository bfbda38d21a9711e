"""Plugins to typed adapters; the only caller of pluggy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy
from pydantic import ValidationError

from keeper import hookspecs
from keeper.errors import PluginBroken
from keeper.ports import Dex, Notifier, PriceSource
from keeper.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Registry:
    """The adapters of all plugins in use, each kind in the plugins' configured order, no name twice in a kind."""

    dexes: tuple[Dex, ...]
    price_sources: tuple[PriceSource, ...]
    notifiers: tuple[Notifier, ...]


def installed() -> tuple[str, ...]:
    """Return the names of all installed plugins, sorted, without loading them."""
    return tuple(sorted({point.name for point in entry_points(group=hookspecs.ENTRY_POINT_GROUP)}))


def load(names: Sequence[str] | None, toolbox: Toolbox) -> Registry:
    """Load the plugins called `names` (None: all installed), check their hooks, and build their adapters.

    Raises PluginBroken, which names the plugin: one that is not installed, cannot be imported, misspells
    a hook, fails while it starts, or returns something that is no adapter or repeats a name.
    """
    chosen = installed() if names is None else tuple(dict.fromkeys(names))
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for name in chosen:
        _register(manager, name)
    return Registry(
        dexes=_collect(manager, chosen, toolbox, "keeper_dexes", "market"),
        price_sources=_collect(manager, chosen, toolbox, "keeper_price_sources", "prices"),
        notifiers=_collect(manager, chosen, toolbox, "keeper_notifiers", "send"),
    )


def _register(manager: pluggy.PluginManager, name: str) -> None:
    point = _entry_point(name)
    try:
        manager.register(point.load(), name=name)
        manager.check_pending()  # a misspelt hook is an error, not a silence
    except (Exception, SystemExit) as exc:
        msg = f"plugin {name!r} could not be loaded: {_say(exc)}"
        raise PluginBroken(msg, plugin=name) from exc


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


def _collect(
    manager: pluggy.PluginManager, names: Sequence[str], toolbox: Toolbox, hook: str, method: str
) -> tuple[Any, ...]:
    """Call one hook plugin by plugin, so that a failure has a name."""
    found: dict[str, tuple[str, Any]] = {}
    for plugin in names:
        for adapter in _start(manager, plugin, toolbox, hook):
            name = _name_of(adapter, plugin, hook, method)
            if name in found:
                msg = f"plugins {found[name][0]!r} and {plugin!r} both call an adapter {name!r} in {hook}; use one of them"
                raise PluginBroken(msg, plugin=plugin, adapter=name)
            found[name] = plugin, adapter
    return tuple(adapter for _, adapter in found.values())


def _start(manager: pluggy.PluginManager, plugin: str, toolbox: Toolbox, hook: str) -> list[Any]:
    others = [module for name, module in manager.list_name_plugin() if name != plugin]
    caller = manager.subset_hook_caller(hook, remove_plugins=others)
    trouble, cause = "", None
    try:
        answers: Iterable[Iterable[Any]] = caller(toolbox=toolbox)
        return [adapter for answer in answers for adapter in answer]
    except ValidationError as exc:
        trouble = _say(exc)  # its own text would quote the settings, and they may hold secrets
    except (Exception, SystemExit) as exc:  # noqa: BLE001  raised again below, with a name
        trouble, cause = _say(exc), exc
    msg = f"plugin {plugin!r} failed in {hook}: {trouble}"
    raise PluginBroken(msg, plugin=plugin) from cause


def _name_of(adapter: Any, plugin: str, hook: str, method: str) -> str:
    name = getattr(adapter, "name", None)
    if not isinstance(name, str) or not name or not callable(getattr(adapter, method, None)):
        kind = type(adapter).__name__
        msg = f"plugin {plugin!r} returned a {kind} from {hook}, which lacks a name or the method {method!r}"
        raise PluginBroken(msg, plugin=plugin)
    return name


def _say(exc: BaseException) -> str:
    if isinstance(exc, ValidationError):
        faults = exc.errors(include_url=False, include_context=False, include_input=False)
        return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
    return f"{type(exc).__name__}: {exc}"
