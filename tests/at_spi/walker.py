"""An assistive program on the real accessibility bus. Run by Debian's own Python, which has gi; it imports gi alone.

Reads commands as lines of JSON on its standard input and answers each with one line: {"do": "tree"} · {"do": "act",
"name": …, "action": …} · {"do": "heard"}. Ends when its input ends.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

APPLICATION = "svar"
DEEPEST = 16

heard: list[dict[str, object]] = []


def application() -> Any:
    """Our program on the bus, as it is now; None while it is not there."""
    desktop = Atspi.get_desktop(0)
    for place in range(desktop.get_child_count()):
        child = desktop.get_child_at_index(place)
        if child is not None and child.get_name() == APPLICATION:
            child.clear_cache()
            return child
    return None


def showing(accessible: Any, depth: int = 0) -> Iterator[tuple[int, Any]]:
    """What shows, in reading order: what is hidden hides what is below it."""
    if depth > DEEPEST:
        return
    for place in range(accessible.get_child_count()):
        child = accessible.get_child_at_index(place)
        if child is not None and child.get_state_set().contains(Atspi.StateType.SHOWING):
            yield depth, child
            yield from showing(child, depth + 1)


def described(depth: int, accessible: Any) -> dict[str, object]:
    """One element as values."""
    states = accessible.get_state_set()
    actions = accessible.get_action_iface()
    component = accessible.get_component_iface()
    values = accessible.get_value_iface()
    extents = component.get_extents(Atspi.CoordType.SCREEN) if component is not None else None
    return {
        "depth": depth,
        "role": accessible.get_role_name(),
        "name": accessible.get_name(),
        "focusable": states.contains(Atspi.StateType.FOCUSABLE),
        "focused": states.contains(Atspi.StateType.FOCUSED),
        "checked": states.contains(Atspi.StateType.CHECKED),
        "rect": [extents.x, extents.y, extents.width, extents.height] if extents is not None else None,
        "actions": [actions.get_action_name(place) for place in range(actions.get_n_actions())] if actions else [],
        "value": values.get_current_value() if values is not None else None,
    }


def tree() -> list[dict[str, object]]:
    """Everything that shows."""
    ours = application()
    return [described(depth, one) for depth, one in showing(ours)] if ours is not None else []


def act(name: str, action: str) -> str:
    """Do this to the one element of that name that can be acted upon; a word of what is wrong, or empty."""
    ours = application()
    if ours is None:
        return "the program is not on the bus"
    found = []
    for _, one in showing(ours):
        actions = one.get_action_iface() if one.get_name() == name else None
        if actions is not None:
            names = [actions.get_action_name(place) for place in range(actions.get_n_actions())]
            if action in names:
                found.append((actions, names.index(action)))
    if len(found) != 1:
        return f"{len(found)} elements called {name!r} offer {action}"
    actions, place = found[0]
    return "" if actions.do_action(place) else "refused"


def on_announcement(event: Any) -> None:
    """Kept until it is asked for."""
    heard.append({"text": event.any_data, "urgent": event.detail1 == 2})


def answer(command: dict[str, str]) -> object:
    """The result of one command."""
    if command["do"] == "tree":
        return tree()
    if command["do"] == "act":
        return act(command["name"], command["action"])
    if command["do"] == "heard":
        result, heard[:] = list(heard), []
        return result
    raise ValueError(command["do"])


def main() -> None:
    """Serve until standard input ends."""
    Atspi.init()
    Atspi.set_timeout(5000, 10000)
    listener = Atspi.EventListener.new(on_announcement)
    listener.register("object:announcement")
    loop = GLib.MainLoop()

    def readable(_source: object, _condition: object) -> bool:
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        try:
            result: object = {"result": answer(json.loads(line))}
        except GLib.Error as error:
            result = {"error": error.message}
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()
        return True

    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, readable)
    sys.stdout.write('{"result": "ready"}\n')
    sys.stdout.flush()
    loop.run()
    listener.deregister("object:announcement")


main()
