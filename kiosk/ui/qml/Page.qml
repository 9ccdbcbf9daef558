// What every page is: something that the registry (kiosk/ui/screens.py) names and Main.qml loads.
import QtQuick
import Svar.Screen

Item {
    required property ScreenModel model
    property bool keyboardInUse: false
    // Where the mark of generated parts may lie in a call: so far from the lower right corner.
    property real markRight: 0
    property real markUp: 0
}
