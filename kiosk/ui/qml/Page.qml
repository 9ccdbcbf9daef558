// What every page is: something that the registry (kiosk/ui/screens.py) names and Main.qml loads.
import QtQuick
import Svar.Screen

Item {
    id: page

    required property ScreenModel model
    property bool keyboardInUse: false
    // Lays it out; «Mer» turns its sub-pages.
    property Board board: null
    // The page draws over everything, the mark of generated parts lies on it.
    property bool covers: false
    // That mark lies at the top; else above the buttons and what the page itself has there.
    property bool markOnTop: false
    property real aboveButtons: 0

    Accessible.role: Accessible.Pane
    Accessible.name: page.model.pageTitle
}
