// A known caller waits: who it is, one giant button that fills most of the screen, and a smaller one far from it.
import QtQuick
import QtQuick.Layouts
import Svar.Screen

Page {
    id: root

    onVisibleChanged: {
        if (visible)
            answer.forceActiveFocus();
    }

    RowLayout {
        id: who

        anchors.top: parent.top
        anchors.topMargin: Theme.margin / 2
        anchors.left: parent.left
        anchors.right: decline.left
        anchors.leftMargin: Theme.margin
        anchors.rightMargin: Theme.margin
        height: 32 * Theme.millimetre
        spacing: Theme.margin

        CallerPicture {
            Layout.preferredWidth: 30 * Theme.millimetre
            Layout.preferredHeight: 30 * Theme.millimetre
            source: root.model.callerPicture
            initials: root.model.callerInitials
            description: root.model.callerPictureName
        }

        ColumnLayout {
            Layout.fillWidth: true
            spacing: 0

            Label {
                Layout.fillWidth: true
                objectName: "callerName"
                text: root.model.callerName
                font.pixelSize: Math.ceil(Theme.textSize * 1.15)
                fontSizeMode: Text.HorizontalFit
                minimumPixelSize: Theme.textSize
                font.weight: Font.DemiBold
                wrapMode: Text.NoWrap
                elide: Text.ElideRight
            }

            Label {
                Layout.fillWidth: true
                objectName: "callerLine"
                text: root.model.callerLine
                wrapMode: Text.NoWrap
                elide: Text.ElideRight
            }
        }
    }

    BigButton {
        id: answer

        objectName: "answer"
        anchors.top: decline.bottom
        anchors.topMargin: Theme.apart
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.margin
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.leftMargin: Theme.margin
        anchors.rightMargin: Theme.margin
        text: root.model.answerText
        textSize: Theme.buttonTextSize
        background: Theme.good
        foreground: "white"
        keyboardInUse: root.keyboardInUse
        border.width: Theme.ring
        border.color: Qt.rgba(1, 1, 1, 0.25 + 0.65 * pulse.level)
        onActivated: root.model.answer()
        KeyNavigation.tab: decline
        KeyNavigation.up: decline
    }

    // A slow swell of the button's edge, once in two seconds, drawn ten times a second: it calls without flashing.
    Timer {
        id: pulse

        property int step: 0
        readonly property real level: (1 - Math.cos(step * Math.PI / 10)) / 2

        interval: 100
        repeat: true
        running: root.visible
        onTriggered: step = (step + 1) % 20
        onRunningChanged: step = 0
    }

    BigButton {
        id: decline

        objectName: "decline"
        anchors.top: parent.top
        anchors.topMargin: Theme.margin / 2
        anchors.right: parent.right
        anchors.rightMargin: Theme.margin
        width: 56 * Theme.millimetre
        text: root.model.declineText
        background: Theme.panel
        foreground: Theme.text
        border.width: Theme.ring / 2
        border.color: Theme.text
        keyboardInUse: root.keyboardInUse
        onActivated: root.model.decline()
        KeyNavigation.tab: answer
        KeyNavigation.down: answer
    }
}
