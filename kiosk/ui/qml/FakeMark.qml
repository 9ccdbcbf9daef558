// The mark that a part is generated instead of real. Nothing of a real home ever shows it.
import QtQuick

Rectangle {
    id: root

    required property string text

    visible: text !== ""
    implicitWidth: label.implicitWidth + 2 * Theme.gap
    implicitHeight: Math.ceil(Theme.textSize * 1.2)
    color: Theme.accent

    Label {
        id: label

        anchors.centerIn: parent
        width: Math.min(implicitWidth, parent.width)
        text: root.text
        color: Theme.accentInk
        wrapMode: Text.NoWrap
        // Only a wider font than the wanted one makes it smaller.
        fontSizeMode: Text.HorizontalFit
        minimumPixelSize: Theme.textSize * 0.8
        horizontalAlignment: Text.AlignHCenter
    }
}
