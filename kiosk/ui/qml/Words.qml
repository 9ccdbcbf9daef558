// A piece of text, broken over sub-pages where it must be; on a raised card, or with a mark that something is wrong.
import QtQuick

Piece {
    id: root

    property string name: ""
    property alias text: root.words
    property color color: Theme.text
    property int alignment: Text.AlignLeft
    property bool raised: false
    property color ground: Theme.panel
    property color groundEdge: Theme.panelEdge
    property bool grave: false
    // What the mark means, for screen readers.
    property string graveName: ""
    property bool heading: false

    wanted: words !== ""
    padding: (raised ? 4 * Theme.gap : 0) + (grave ? size + 2 * Theme.gap : 0)
    air: raised ? Theme.gap : 0

    Rectangle {
        anchors.fill: parent
        visible: root.raised
        radius: Theme.radius
        color: root.ground
        border.width: Theme.ring / 2
        border.color: root.groundEdge
    }

    Rectangle {
        width: root.size
        height: root.size
        y: (Math.min(root.height, label.lineHeight) - height) / 2
        visible: root.grave
        radius: width / 2
        color: Theme.grave
        Accessible.role: Accessible.Graphic
        Accessible.name: root.graveName

        Text {
            anchors.centerIn: parent
            text: "!"
            color: Theme.graveInk
            font.family: Theme.fontFamily
            font.pixelSize: root.size
            font.weight: Font.Bold
            Accessible.ignored: true
        }
    }

    // Beside what is being said; the words themselves are underlined.
    Rectangle {
        objectName: "spokenBar"
        x: -Theme.gap
        width: Theme.ring
        height: root.height
        visible: Theme.says(root.shownWords)
        color: Theme.text
    }

    Label {
        id: label

        objectName: root.name
        x: root.grave ? root.padding : root.padding / 2
        width: root.width - root.padding
        height: root.height
        text: root.shownWords
        color: root.color
        font.pixelSize: root.size
        font.weight: root.weight
        horizontalAlignment: root.alignment
        // A screen reader hears all of it at once.
        Accessible.name: root.words
        Accessible.role: root.heading ? Accessible.Heading : Accessible.StaticText
    }
}
