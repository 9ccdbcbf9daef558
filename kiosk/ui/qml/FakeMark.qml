// The mark that a part is generated instead of real. Nothing of a real home ever shows it.
import QtQuick

Rectangle {
    id: root

    required property string long
    required property string brief
    property bool briefly: false

    visible: long !== ""
    implicitWidth: Math.ceil(briefWidth.advanceWidth) + 4 * Theme.gap
    implicitHeight: Math.ceil(Theme.textSize * 1.1)
    color: Theme.mark

    TextMetrics {
        id: whole

        text: root.long
        font.family: Theme.fontFamily
        font.pixelSize: Theme.textSize
    }

    TextMetrics {
        id: briefWidth

        text: root.brief
        font.family: Theme.fontFamily
        font.pixelSize: Theme.textSize
    }

    Label {
        id: label

        anchors.centerIn: parent
        width: parent.width
        height: parent.height
        // The whole sentence where it fits in a line.
        text: root.briefly || whole.advanceWidth > root.width - 2 * Theme.gap ? root.brief : root.long
        color: Theme.markInk
        wrapMode: Text.NoWrap
        horizontalAlignment: Text.AlignHCenter
        Accessible.name: root.long
    }
}
