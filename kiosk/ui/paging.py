"""Places the pieces of a page on as many sub-pages as they need, and its buttons in the bar below. Pure; no scrolling.

Every length is in pixels. Content is placed from the top of a content area; buttons stand in the bar from the right,
those that have no room there in rows above it (``sticky``, on every sub-page) or after the content.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

import msgspec


class Block(msgspec.Struct, frozen=True):
    """A piece of content. ``width`` is what it would like.

    ``least``: it may be so low, and grows to ``height`` where there is room. ``lines`` of ``line`` each: a text that
    may be broken between lines. ``pairs``: may stand beside the piece before it; ``to_right`` then at the right edge.
    ``late``: may come after the buttons, on another sub-page.
    """

    width: float
    height: float
    least: float | None = None
    lines: int = 0
    line: float = 0.0
    pairs: bool = False
    to_right: bool = False
    late: bool = False


class Button(msgspec.Struct, frozen=True):
    """``width`` that its words take in one line. ``sticky``: on every sub-page. ``apart``: means the opposite of the
    button before it. ``flows``: never in the bar."""

    width: float
    sticky: bool = True
    apart: bool = False
    flows: bool = False


class Room(msgspec.Struct, frozen=True):
    """``width`` and ``height`` of the board, ``margin`` at its sides, ``edge`` below the bar of height ``bar``.

    ``left``, ``content_width``, ``top`` and ``reserve`` (kept free between content and bar) bound the content.
    ``fixed``: width at the bar's left that «Si igjen» takes; ``more``: what «Mer» takes besides. ``gap`` between
    pieces, ``between`` buttons, ``apart`` between opposites. ``choices``: buttons of a
    sub-page at most, ``choices_paged`` when «Mer» is shown.
    """

    width: float
    height: float
    margin: float
    edge: float
    bar: float
    left: float
    content_width: float
    top: float
    reserve: float
    fixed: float
    more: float
    gap: float
    between: float
    apart: float
    choices: int
    choices_paged: int
    centred: bool = False


class Spot(msgspec.Struct, frozen=True):
    """Where a piece stands; ``first`` and ``count`` are its lines that are shown when it is broken (count 0: whole)."""

    index: int
    x: float
    y: float
    width: float
    height: float
    first: int = 0
    count: int = 0


class SubPage(msgspec.Struct, frozen=True):
    """The blocks and the buttons of one sub-page."""

    blocks: tuple[Spot, ...]
    buttons: tuple[Spot, ...]


HeightOfButton = Callable[[int, float], float]
"""(button, width) -> height that its words take at this width."""


class _Row(msgspec.Struct, frozen=True):
    """Pieces side by side: ``blocks`` or ``buttons``, with x and width of each."""

    height: float
    least: float
    blocks: tuple[tuple[int, float, float], ...] = ()
    buttons: tuple[tuple[int, float, float], ...] = ()
    lines: int = 0
    line: float = 0.0


def arrange(blocks: Sequence[Block], buttons: Sequence[Button], room: Room, height_of: HeightOfButton) -> list[SubPage]:
    """All sub-pages, at least one. What fits on one page stands on one."""
    whole = _arranged(blocks, buttons, room, height_of, paged=False)
    return whole if len(whole) == 1 else _arranged(blocks, buttons, room, height_of, paged=True)


def _arranged(
    blocks: Sequence[Block], buttons: Sequence[Button], room: Room, height_of: HeightOfButton, *, paged: bool
) -> list[SubPage]:
    bar, left_over = _bar(buttons, room, height_of, paged=paged)
    whole = (room.margin, room.width - 2 * room.margin)
    sticky_rows = _button_rows([one for one in left_over if buttons[one].sticky], buttons, room, height_of, *whole)
    flowing = [one for one in left_over if not buttons[one].sticky]
    bottom = min((spot.y for spot in bar), default=room.height - room.edge - room.bar)
    for row in reversed(sticky_rows):
        bottom -= room.between + row.height
        bar += [Spot(one, x, bottom, width, row.height) for one, x, width in row.buttons]
    available = bottom - (room.between if flowing else room.gap) - room.reserve - room.top
    limit = (room.choices_paged if paged else room.choices) - len(bar)
    early = [one for one, block in enumerate(blocks) if not block.late]
    late = [one for one, block in enumerate(blocks) if block.late]
    beside = (room.left, room.content_width)
    pressed = _button_rows(flowing, buttons, room, height_of, *beside, most=max(1, limit))
    rows = [*_block_rows(early, blocks, room), *pressed, *_block_rows(late, blocks, room)]
    if paged is False and flowing:
        rows = [*_block_rows(range(len(blocks)), blocks, room), *pressed]
    return [
        SubPage(*_placed(page, room, available, tuple(bar)))
        for page in _packed(rows, max(available, 1.0), room, max(1, limit))
    ]


def _bar(
    buttons: Sequence[Button], room: Room, height_of: HeightOfButton, *, paged: bool
) -> tuple[list[Spot], list[int]]:
    """Buttons in the bar, the first at the right edge, and those that have no room there.

    While there are sub-pages only the sticky ones stand in the bar: its buttons are the same on all of them.
    """
    left = room.margin + room.fixed + (room.more if paged else 0.0)
    right = room.width - room.margin
    limit = room.choices_paged if paged else room.choices
    spots: list[Spot] = []
    left_over: list[int] = []
    order = sorted(range(len(buttons)), key=lambda one: not buttons[one].sticky)
    for place, one in enumerate(order):
        button = buttons[one]
        distance = (
            0.0 if not spots else (room.apart if button.apart or buttons[order[place - 1]].apart else room.between)
        )
        fits = right - distance - button.width >= left - 0.5 and not left_over
        if fits and len(spots) < limit and (button.sticky or not paged) and not button.flows:
            right -= distance + button.width
            spots.append(Spot(one, right, room.height - room.edge - room.bar, button.width, room.bar))
        else:
            left_over.append(one)
    if not spots and left_over and buttons[left_over[0]].sticky:
        # Even alone it is too long for one line: then it has as many as it needs.
        one = left_over.pop(0)
        height = max(room.bar, height_of(one, right - left))
        spots.append(Spot(one, left, room.height - room.edge - height, right - left, height))
    return spots, left_over


def _button_rows(
    chosen: Sequence[int],
    buttons: Sequence[Button],
    room: Room,
    height_of: HeightOfButton,
    left: float,
    width: float,
    most: int = 3,
) -> list[_Row]:
    """Two side by side where both have room, equally wide if that is enough for each, else one below the other.

    ``most``: of a sub-page; none begins there with half a row."""
    rows: list[_Row] = []
    waiting = list(chosen)
    while waiting:
        left_of_page = most - (len(chosen) - len(waiting)) % most
        widths = _side_by_side(waiting[: min(2, left_of_page)], buttons, room, width)
        row, waiting = waiting[: len(widths)], waiting[len(widths) :]
        height = max([room.bar, *(height_of(one, wide) for one, wide in zip(row, widths, strict=True))])
        places = []
        x = left
        for one, wide in zip(row, widths, strict=True):
            places.append((one, x, wide))
            x += wide + _between(row, buttons, room)
        rows.append(_Row(height, height, buttons=tuple(places)))
    return rows


def _between(row: Sequence[int], buttons: Sequence[Button], room: Room) -> float:
    return room.apart if any(buttons[one].apart for one in row) else room.between


def _side_by_side(row: Sequence[int], buttons: Sequence[Button], room: Room, width: float) -> list[float]:
    """Widths of those of ``row`` that stand side by side: both, or the first alone."""
    wanted = [buttons[one].width for one in row]
    left_over = width - _between(row, buttons, room) * (len(row) - 1)
    each = left_over / len(row)
    if all(wide <= each for wide in wanted):
        return [each] * len(row)
    if len(row) > 1 and sum(wanted) <= left_over:
        return [wide + (left_over - sum(wanted)) / len(row) for wide in wanted]
    return [width]


def _block_rows(chosen: Iterable[int], blocks: Sequence[Block], room: Room) -> list[_Row]:
    """One below the other; side by side those that may be and have room for all their words in one line."""
    groups: list[list[int]] = []
    used = 0.0
    for index in chosen:
        block = blocks[index]
        if block.pairs and groups and used + 2 * room.gap + block.width <= room.content_width:
            groups[-1].append(index)
            used += 2 * room.gap + block.width
        else:
            groups.append([index])
            used = block.width
    return [_block_row(group, blocks, room) for group in groups]


def _block_row(group: Sequence[int], blocks: Sequence[Block], room: Room) -> _Row:
    if len(group) == 1:
        block = blocks[group[0]]
        least = block.height if block.least is None else block.least
        place = (group[0], room.left, room.content_width)
        return _Row(block.height, least, (place,), lines=block.lines, line=block.line)
    height = max(blocks[index].line or blocks[index].height for index in group)
    x = room.left
    places = []
    for index in group:
        width = blocks[index].width
        places.append((index, room.left + room.content_width - width if blocks[index].to_right else x, width))
        x += width + 2 * room.gap
    return _Row(height, height, tuple(places))


class _Placed(msgspec.Struct, frozen=True):
    """A row, or lines of it, on a sub-page."""

    row: _Row
    least: float
    first: int = 0
    count: int = 0


def _packed(rows: Sequence[_Row], available: float, room: Room, choices: int) -> list[list[_Placed]]:
    """Rows by sub-page, in order; at least one sub-page."""
    pages: list[list[_Placed]] = [[]]
    used = 0.0
    for row in rows:
        pressed = sum(len(one.row.buttons) for one in pages[-1])
        distance = _distance(pages[-1], row, room)
        full = used + distance + row.least > available + 0.5 or (row.buttons and pressed + len(row.buttons) > choices)
        if not full:
            pages[-1].append(_Placed(row, row.least))
            used += distance + row.least
            continue
        if pages[-1]:
            pages.append([])
        used = min(row.least, available)
        if row.least <= available + 0.5 or not row.lines:
            pages[-1].append(_Placed(row, used))
            continue
        for first, count in _broken(row.lines, max(1, int(available // row.line))):
            if pages[-1]:
                pages.append([])
            used = count * row.line
            pages[-1].append(_Placed(row, used, first, count))
    return pages


def _broken(lines: int, most: int) -> list[tuple[int, int]]:
    """(first, count) of each part: as equal as can be, so that no line stands alone."""
    parts = -(-lines // most)
    bounds = [round(lines * part / parts) for part in range(parts + 1)]
    return [(begin, end - begin) for begin, end in itertools.pairwise(bounds)]


def _distance(page: Sequence[_Placed], row: _Row, room: Room) -> float:
    if not page:
        return 0.0
    return room.between if row.buttons else room.gap


def _placed(
    page: Sequence[_Placed], room: Room, available: float, bar: tuple[Spot, ...]
) -> tuple[tuple[Spot, ...], tuple[Spot, ...]]:
    """What is left of the height goes to pieces that can grow, then below the content: buttons stand at the bottom."""
    heights = [one.least for one in page]
    free = available - sum(heights) - sum(_distance(page[:at], one.row, room) for at, one in enumerate(page))
    for at, one in enumerate(page):
        grown = min(max(free, 0.0), one.row.height - one.least) if not one.count else 0.0
        heights[at] += grown
        free -= grown
    y = room.top + (max(free, 0.0) / 2 if room.centred else 0.0)
    blocks: list[Spot] = []
    pressed: list[Spot] = []
    for at, one in enumerate(page):
        y += _distance(page[:at], one.row, room)
        if one.row.buttons and not pressed:
            y = max(y, room.top + available - _rest(page[at:], heights[at:], room))
        for index, x, width in one.row.blocks:
            blocks.append(Spot(index, x, y, width, heights[at], one.first, one.count))
        for index, x, width in one.row.buttons:
            pressed.append(Spot(index, x, y, width, heights[at]))
        y += heights[at]
    return tuple(blocks), (*pressed, *bar)


def _rest(page: Sequence[_Placed], heights: Sequence[float], room: Room) -> float:
    return sum(heights) + sum(_distance(page[:at], one.row, room) for at, one in enumerate(page))
