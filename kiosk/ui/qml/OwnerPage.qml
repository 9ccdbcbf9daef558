// Whose reading is it, between calls.
import QtQuick

Page {
    id: root

    OwnerPanel {
        anchors.fill: parent
        model: root.model
        keyboardInUse: root.keyboardInUse
    }
}
