// One line of status and what to do about it; a mark beside it when something is wrong (never colour alone).
import QtQuick
import QtQuick.Layouts

RowLayout {
    id: root

    required property string text
    required property string detail
    required property bool grave

    spacing: Theme.gap * 2

    Rectangle {
        Layout.preferredWidth: Theme.textSize
        Layout.preferredHeight: Theme.textSize
        Layout.alignment: Qt.AlignVCenter
        visible: root.grave
        radius: width / 2
        color: Theme.grave

        Text {
            anchors.centerIn: parent
            text: "!"
            color: Theme.accentInk
            font.family: Theme.fontFamily
            font.pixelSize: Theme.textSize
            font.weight: Font.Bold
            Accessible.ignored: true
        }
    }

    ColumnLayout {
        Layout.fillWidth: true
        spacing: 0

        Label {
            Layout.fillWidth: true
            objectName: "statusText"
            text: root.text
            color: root.grave ? Theme.grave : Theme.text
            horizontalAlignment: root.grave ? Text.AlignLeft : Text.AlignHCenter
        }

        Label {
            Layout.fillWidth: true
            objectName: "statusDetail"
            visible: text !== ""
            text: root.detail
            color: Theme.quietText
            horizontalAlignment: root.grave ? Text.AlignLeft : Text.AlignHCenter
        }
    }
}
