// One writer's or speaker's newest lines beside the name.
pragma ComponentBehavior: Bound

import QtQuick

Item {
    id: root

    property string prefix: "lane"
    property string who: ""
    property real whoWidth: 0
    property list<string> lines: []
    property color ink: Theme.text

    height: lines.length * Theme.line
    visible: lines.length > 0

    Label {
        objectName: root.prefix + "Who"
        width: root.whoWidth
        height: Theme.line
        visible: text !== ""
        text: root.who
        font.weight: Font.DemiBold
        color: Theme.title
    }

    Repeater {
        model: root.lines

        Label {
            required property int index
            required property string modelData

            objectName: root.prefix + "Line"
            x: root.whoWidth
            y: index * Theme.line
            width: root.width - root.whoWidth
            height: Theme.line
            text: modelData
            color: root.ink
        }
    }
}
