// What is written in the call, in an opaque box over the picture: both lanes apart, with names.
import QtQuick
import Svar.Screen

Rectangle {
    id: root

    required property TextModel model

    objectName: "textPanel"
    height: theirs.height + ours.height + Theme.gap
    visible: theirs.lines.length + ours.lines.length > 0
    color: Theme.background
    border.width: Theme.ring / 2
    border.color: Theme.edge

    Lane {
        id: theirs

        prefix: "theirs"
        x: Theme.gap
        y: Theme.gap / 2
        width: parent.width - 2 * Theme.gap
        who: root.model.theirName
        whoWidth: root.model.nameWidth
        lines: root.model.theirs
    }

    Lane {
        id: ours

        prefix: "ours"
        x: Theme.gap
        y: Theme.gap / 2 + theirs.height
        width: parent.width - 2 * Theme.gap
        who: root.model.ourName
        whoWidth: root.model.nameWidth
        lines: root.model.ours
    }
}
