// The line of readings with its numbers, its days and its target band.
pragma ComponentBehavior: Bound

import QtQuick
import Svar.Screen

Piece {
    id: root

    required property HistoryModel card
    required property LayoutModel layout
    required property string targetText
    readonly property real numbers: 4 * Theme.gap + longest.width
    readonly property bool named: card.hasTarget && width > 14 * Theme.textSize
    readonly property real marksWidth: card.marks.reduce((sum, mark) => sum + layout.width(mark.text, Theme.textSize, Font.Normal) + Theme.gap, 0)
    readonly property real endsWidth: card.marks.length < 2 ? 0 : layout.width(card.marks[0].text, Theme.textSize, Font.Normal) + layout.width(card.marks[card.marks.length - 1].text, Theme.textSize, Font.Normal) + Theme.gap
    readonly property real names: named ? target.implicitWidth + 2 * Theme.gap : 0

    wantedHeight: 100 * Theme.millimetre
    least: Math.max(2.8 * Theme.line, 36 * Theme.millimetre)

    TextMetrics {
        id: longest

        text: root.card.levels.reduce((longest, level) => level.text.length > longest.length ? level.text : longest, "")
        font.family: Theme.fontFamily
        font.pixelSize: Theme.textSize
    }

    CurveItem {
        id: curve

        objectName: "curve"
        anchors.top: parent.top
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.line
        anchors.left: parent.left
        anchors.leftMargin: root.numbers
        anchors.right: parent.right
        history: root.card
        plotWidth: width - root.names
        stroke: Theme.ring
        ink: Theme.text
        shade: Theme.band
        edge: Theme.bandEdge
        Accessible.role: Accessible.Graphic
        Accessible.name: root.card.description
    }

    Repeater {
        model: root.card.levels

        Label {
            required property var modelData

            objectName: "level"
            // Where both have no room, the upper one does.
            visible: modelData.at > 0 || curve.height >= 1.9 * lineHeight
            width: root.numbers - Theme.gap
            height: lineHeight
            // Digits stand on the line that they name, at the top below it and at the bottom above it.
            y: (1 - modelData.at) * (curve.height - height)
            text: modelData.text
            wrapMode: Text.NoWrap
            horizontalAlignment: Text.AlignRight
        }
    }

    Repeater {
        id: marks

        model: root.card.marks

        Label {
            required property var modelData
            required property int index

            objectName: "mark"
            anchors.bottom: parent?.bottom
            height: lineHeight
            x: root.numbers + Math.max(0, Math.min(curve.plotWidth - width, modelData.at * curve.plotWidth - width / 2))
            // Where not all have room, the first and the last do, or the last alone.
            visible: root.marksWidth <= curve.plotWidth || index === marks.count - 1 || (index === 0 && root.endsWidth <= curve.plotWidth)
            text: modelData.text
            wrapMode: Text.NoWrap
        }
    }

    Label {
        id: target

        objectName: "target"
        visible: root.named
        anchors.right: parent.right
        anchors.rightMargin: Theme.gap
        height: lineHeight
        y: Math.max(0, Math.min(curve.height - height, (1 - root.card.targetMiddle) * curve.height - height / 2))
        text: root.targetText
        wrapMode: Text.NoWrap
    }
}
