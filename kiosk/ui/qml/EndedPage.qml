// A calm card about the call that ended.
import QtQuick
import QtQuick.Layouts
import Svar.Screen

Page {
    id: root

    onVisibleChanged: {
        if (visible)
            done.forceActiveFocus();
    }

    ColumnLayout {
        anchors.top: parent.top
        anchors.bottom: done.top
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.margins: Theme.margin
        spacing: Theme.margin

        Item {
            Layout.fillHeight: true
        }

        Label {
            Layout.fillWidth: true
            objectName: "endedSentence"
            text: root.model.endedSentence
            font.pixelSize: Math.ceil(Theme.textSize * 1.25)
            font.weight: Font.DemiBold
            horizontalAlignment: Text.AlignHCenter
        }

        Label {
            Layout.fillWidth: true
            objectName: "endedAction"
            visible: text !== ""
            text: root.model.endedAction
            horizontalAlignment: Text.AlignHCenter
        }

        Item {
            Layout.fillHeight: true
        }
    }

    BigButton {
        id: done

        objectName: "close"
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.margin * 2
        anchors.horizontalCenter: parent.horizontalCenter
        width: 90 * Theme.millimetre
        height: 30 * Theme.millimetre
        text: root.model.closeText
        textSize: Theme.buttonTextSize
        keyboardInUse: root.keyboardInUse
        onActivated: root.model.closeCard()
    }
}
