// Whose reading is it: the value, when it came, and two buttons far from each other.
import QtQuick
import QtQuick.Layouts
import Svar.Screen

Rectangle {
    id: root

    required property ScreenModel model
    property bool keyboardInUse: false
    property bool narrow: false
    readonly property OwnerModel card: model.owner

    color: Theme.background

    // A key pressed by accident answers nothing: the first Tab goes to the first answer.
    onVisibleChanged: {
        if (visible && !narrow)
            forceActiveFocus();
    }

    ColumnLayout {
        anchors.top: parent.top
        anchors.topMargin: Theme.gap
        anchors.bottom: buttons.top
        anchors.bottomMargin: Theme.gap
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.leftMargin: Theme.margin
        anchors.rightMargin: Theme.margin
        spacing: Theme.gap

        Label {
            Layout.fillWidth: true
            objectName: "ownerQuestion"
            text: root.card.question
            font.pixelSize: root.narrow ? Theme.textSize : Math.ceil(Theme.textSize * 1.2)
            font.weight: Font.DemiBold
            color: Theme.accent
            horizontalAlignment: root.narrow ? Text.AlignLeft : Text.AlignHCenter
        }

        Label {
            Layout.fillWidth: true
            objectName: "ownerValue"
            visible: text !== ""
            text: root.card.value
            font.pixelSize: Math.ceil(Theme.textSize * (root.narrow ? 1.3 : 2))
            font.weight: Font.DemiBold
            wrapMode: Text.NoWrap
            horizontalAlignment: root.narrow ? Text.AlignLeft : Text.AlignHCenter
        }

        Label {
            Layout.fillWidth: true
            objectName: "ownerTitle"
            text: root.narrow ? root.card.title : root.card.title + " " + root.card.when
            horizontalAlignment: root.narrow ? Text.AlignLeft : Text.AlignHCenter
        }

        Label {
            Layout.fillWidth: true
            objectName: "ownerWhen"
            visible: root.narrow
            text: root.card.when
        }

        Item {
            Layout.fillHeight: true
        }
    }

    RowLayout {
        id: buttons

        anchors.bottom: parent.bottom
        anchors.bottomMargin: root.narrow ? Theme.gap : Theme.margin
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.leftMargin: Theme.margin
        anchors.rightMargin: Theme.margin
        spacing: Theme.apart

        BigButton {
            objectName: "mine"
            Layout.fillWidth: true
            Layout.preferredWidth: 55 * Theme.millimetre
            Layout.preferredHeight: root.narrow ? Theme.target : 34 * Theme.millimetre
            text: root.model.mineText
            textSize: root.narrow ? Theme.textSize : Theme.buttonTextSize
            background: Theme.good
            foreground: "white"
            border.width: Theme.ring / 2
            border.color: Theme.text
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.answerOwner(true)
        }

        BigButton {
            objectName: "notMine"
            Layout.fillWidth: !root.narrow
            Layout.preferredWidth: root.narrow ? 34 * Theme.millimetre : 55 * Theme.millimetre
            Layout.preferredHeight: root.narrow ? Theme.target : 34 * Theme.millimetre
            text: root.model.notMineText
            textSize: root.narrow ? Theme.textSize : Theme.buttonTextSize
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.answerOwner(false)
        }
    }
}
