// The caller's picture in a square, or the initials in a circle when there is none or it cannot be read.
import QtQuick

Item {
    id: root

    required property string source
    required property string initials
    required property string description

    Accessible.role: Accessible.Graphic
    Accessible.name: description

    Rectangle {
        anchors.fill: parent
        visible: picture.status !== Image.Ready
        radius: width / 2
        color: Theme.panel
        border.width: Theme.ring / 2
        border.color: Theme.edge

        Text {
            anchors.centerIn: parent
            text: root.initials
            color: Theme.text
            font.family: Theme.fontFamily
            font.pixelSize: Math.max(Theme.textSize, root.height * 0.44)
            textFormat: Text.PlainText
            Accessible.ignored: true
        }
    }

    Image {
        id: picture

        anchors.fill: parent
        source: root.source
        sourceSize: Qt.size(width, height)
        fillMode: Image.PreserveAspectCrop
        visible: status === Image.Ready
        Accessible.ignored: true
    }
}
