// A button that a Board places. «sticky»: on every sub-page; «apart»: it means the opposite of the one before it.
import QtQuick

Item {
    id: root

    required property string name
    property alias text: button.text
    property alias button: button
    property bool wanted: true
    property bool sticky: true
    property bool apart: false
    // Stands after the content, never in the bar.
    property bool flows: false
    // The main thing to do here; the others are quieter.
    property bool main: false
    property bool good: false
    // Colours that are not this page's: a theme to be seen. Empty: as the kind of button has them.
    property string ground: ""
    property string ink: ""
    property string edge: ""
    property bool keyboardInUse: false

    signal activated

    function take() {
        button.forceActiveFocus();
    }

    visible: false

    BigButton {
        id: button

        objectName: root.name
        anchors.fill: parent
        text: ""
        background: root.ground !== "" ? root.ground : root.good ? Theme.good : root.main ? Theme.plain : Theme.quiet
        foreground: root.ink !== "" ? root.ink : root.good ? Theme.goodInk : root.main ? Theme.plainInk : Theme.quietInk
        border.width: Theme.ring / 2
        border.color: root.edge !== "" ? root.edge : root.good ? Theme.goodEdge : Theme.edge
        keyboardInUse: root.keyboardInUse
        onActivated: root.activated()
    }
}
