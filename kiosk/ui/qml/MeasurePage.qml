// A measurement between calls: begun by the patient, or just come from a device; and the way out of it.
import QtQuick
import QtQuick.Layouts
import Svar.Screen

Page {
    id: root

    readonly property MeasurementModel card: model.measurement

    MeasurementPanel {
        objectName: "homePanel"
        anchors.top: parent.top
        anchors.topMargin: Theme.gap
        anchors.bottom: buttons.top
        anchors.bottomMargin: Theme.gap
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.leftMargin: Theme.margin
        anchors.rightMargin: Theme.margin
        card: root.card
    }

    RowLayout {
        id: buttons

        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.gap * 2
        anchors.right: parent.right
        anchors.rightMargin: Theme.margin
        spacing: Theme.apart
        layoutDirection: Qt.RightToLeft

        BigButton {
            objectName: "stop"
            Layout.preferredWidth: Math.max(implicitWidth, 70 * Theme.millimetre)
            visible: root.card.canStop
            text: root.model.stopText
            background: Theme.panel
            foreground: Theme.text
            border.width: Theme.ring / 2
            border.color: Theme.text
            keyboardInUse: root.keyboardInUse
            onVisibleChanged: if (visible)
                forceActiveFocus()
            onActivated: root.model.stopMeasuring()
        }

        BigButton {
            objectName: "closeResult"
            Layout.preferredWidth: Math.max(implicitWidth, 70 * Theme.millimetre)
            visible: root.card.canClose
            text: root.model.closeText
            background: root.card.canRepeat ? Theme.panel : Theme.plain
            foreground: root.card.canRepeat ? Theme.text : Theme.plainInk
            border.width: Theme.ring / 2
            border.color: Theme.text
            keyboardInUse: root.keyboardInUse
            onVisibleChanged: if (visible)
                forceActiveFocus()
            onActivated: root.model.closeCard()
        }

        BigButton {
            objectName: "again"
            Layout.preferredWidth: Math.max(implicitWidth, 80 * Theme.millimetre)
            visible: root.card.canRepeat
            text: root.model.againText
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.measureAgain()
        }
    }
}
