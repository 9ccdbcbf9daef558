// What is said, in writing, in an opaque box over the picture.
import QtQuick
import Svar.Screen

Rectangle {
    id: root

    required property TextModel model

    objectName: "captionPanel"
    height: note.height + said.height + Theme.gap
    visible: said.lines.length > 0
    color: Theme.background
    border.width: Theme.ring / 2
    border.color: Theme.edge

    Lane {
        id: note

        prefix: "captionNote"
        x: Theme.gap
        y: Theme.gap / 2
        width: parent.width - 2 * Theme.gap
        lines: root.model.captionNote
        ink: Theme.title
    }

    Lane {
        id: said

        prefix: "caption"
        x: Theme.gap
        y: Theme.gap / 2 + note.height
        width: parent.width - 2 * Theme.gap
        who: root.model.speaker
        whoWidth: root.model.speakerWidth
        lines: root.model.captions
    }
}
