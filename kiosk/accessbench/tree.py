"""The accessibility tree of a Qt window as values, read in this process: no message bus, no walk over it by others."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface


class Node(msgspec.Struct, frozen=True):
    """One element as assistive programs get it. ``rect``: left, top, width, height in pixels of the screen.

    ``actions`` are Qt's names, each once. ``value``: least, greatest, present; None where there is none.
    ``object_name`` tells which item it is and is never spoken; ``identity`` is the
    address of that item.
    """

    role: str
    name: str
    description: str = ""
    rect: tuple[int, int, int, int] = (0, 0, 0, 0)
    visible: bool = True
    focusable: bool = False
    focused: bool = False
    checkable: bool = False
    checked: bool = False
    actions: tuple[str, ...] = ()
    value: tuple[float, float, float] | None = None
    object_name: str = ""
    identity: int = 0
    children: tuple[Node, ...] = ()

    @property
    def interactive(self) -> bool:
        """Whether something can be done to it."""
        return self.role in INTERACTIVE_ROLES or bool(set(self.actions) & _DEEDS)


TEXT_ROLES = frozenset({"StaticText", "Heading", "AlertMessage"})
INTERACTIVE_ROLES = frozenset(
    {
        "Button",
        "CheckBox",
        "RadioButton",
        "Link",
        "EditableText",
        "Slider",
        "SpinBox",
        "ComboBox",
        "MenuItem",
        "PageTab",
    }
)
_DEEDS = frozenset({"Press", "Toggle", "Increase", "Decrease", "ShowMenu"})


def tree_of(window: QObject) -> Node:
    """The tree below a window. Turns accessibility on in this process: without it Qt tells nothing of later changes."""
    QAccessible.setActive(True)
    return _node(QAccessible.queryAccessibleInterface(window))


def showing(node: Node) -> Iterator[Node]:
    """What a screen reader can reach, in its order: a hidden element hides what is below it."""
    if not node.visible:
        return
    yield node
    for child in node.children:
        yield from showing(child)


def act(item: QObject, action: str) -> None:
    """Let an element do what an assistive program asks of it, as ``Press``. What comes of it the caller has to see."""
    interface = QAccessible.queryAccessibleInterface(item)
    actions = interface.actionInterface()
    if actions is None or action not in actions.actionNames():
        raise ValueError(f"{interface.text(QAccessible.Text.Name)!r} has no action {action}")
    actions.doAction(action)


def _node(interface: QAccessibleInterface) -> Node:
    state = interface.state()
    rectangle = interface.rect()
    actions = interface.actionInterface()
    values = interface.valueInterface()
    item = interface.object()
    children = (interface.child(place) for place in range(interface.childCount()))
    return Node(
        role=interface.role().name,
        name=interface.text(QAccessible.Text.Name),
        description=interface.text(QAccessible.Text.Description),
        rect=(rectangle.x(), rectangle.y(), rectangle.width(), rectangle.height()),
        visible=not state.invisible,
        focusable=bool(state.focusable),
        focused=bool(state.focused),
        checkable=bool(state.checkable),
        checked=bool(state.checked),
        actions=tuple(dict.fromkeys(actions.actionNames())) if actions is not None else (),
        value=None
        if values is None
        else (float(values.minimumValue()), float(values.maximumValue()), float(values.currentValue())),
        object_name=item.objectName() if item is not None else "",
        identity=shiboken6.getCppPointer(item)[0] if item is not None else 0,
        children=tuple(_node(child) for child in children if child is not None and child.isValid()),
    )
