"""qmllint on every page, with the types that Python registers made known to it; any warning fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import PySide6

_ROOT = Path(__file__).resolve().parents[2]
_QML = _ROOT / "kiosk/ui/qml"
_TYPES = tuple(
    f"kiosk/ui/{name}.py"
    for name in (
        *("video_item", "measurement_model", "history_model", "choosing_model", "curve_item", "icon_item"),
        *("layout_model", "text_model", "view_model"),
        "window_input",
    )
)
_QT = Path(PySide6.__file__).parent


def _run(*command: str | Path) -> None:
    result = subprocess.run([str(word) for word in command], cwd=_ROOT, capture_output=True, text=True, timeout=50)
    assert result.returncode == 0, f"{command[0]}\n{result.stdout}\n{result.stderr}"


def build_qmltypes(into: Path) -> None:
    """Write the module Svar.Screen below ``into``, as qmllint and editors want it."""
    module = into / "Svar/Screen"
    module.mkdir(parents=True, exist_ok=True)
    _run(Path(sys.executable).parent / "pyside6-metaobjectdump", "--out-file", into / "types.json", *_TYPES)
    foreign = [_QT / f"Qt/metatypes/qt6{name}_metatypes.json" for name in ("core", "gui", "qml", "quick")]
    _run(
        _QT / "Qt/libexec/qmltyperegistrar",
        *("--import-name", "Svar.Screen", "--major-version", "1"),
        *("--generate-qmltypes", module / "screen.qmltypes", "-o", into / "unused.cpp"),
        *("--foreign-types", ",".join(str(path) for path in foreign)),
        into / "types.json",
    )
    (module / "qmldir").write_text("module Svar.Screen\ntypeinfo screen.qmltypes\ndepends QtQuick auto\n")


def lint(modules: Path, *files: Path) -> None:
    _run(_QT / "qmllint", "-W", "0", "-I", modules, "-I", _QT / "Qt/qml", *files)


def test_every_page_is_clean() -> None:
    modules = _ROOT / "build/qml"
    build_qmltypes(modules)
    pages = sorted(_QML.glob("*.qml"))
    assert len(pages) >= 14
    lint(modules, *pages)


def test_a_misspelt_property_is_found(tmp_path: Path) -> None:
    build_qmltypes(tmp_path)
    page = tmp_path / "Wrong.qml"
    page.write_text(
        "import QtQuick\nimport Svar.Screen\nText {\n    required property ScreenModel model\n    text: model.clok\n}\n"
    )
    try:
        lint(tmp_path, page)
    except AssertionError as found:
        assert "clok" in str(found)
    else:
        raise AssertionError("qmllint said nothing")


def test_qmldir_lists_every_page() -> None:
    listed = {line.split()[-1] for line in (_QML / "qmldir").read_text().splitlines() if line.endswith(".qml")}
    assert listed == {page.name for page in _QML.glob("*.qml")}
