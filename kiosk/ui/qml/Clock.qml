// The time in digits as large as there is room; beside it, where there is room too, the day.
import QtQuick

Piece {
    id: root

    required property string time
    required property string day
    required property string date
    required property real room
    property bool compact: false
    readonly property bool wide: compact && 4.8 * Theme.line + Math.max(dayWidth.advanceWidth, dateWidth.advanceWidth) + 8 + Theme.margin <= room

    wantedHeight: Math.max(least, compact ? 34 * Theme.millimetre : 70 * Theme.millimetre)
    least: wide ? 2 * Theme.line : Theme.line

    TextMetrics {
        id: dayWidth

        text: root.day
        font.family: Theme.fontFamily
        font.pixelSize: Theme.textSize
    }

    TextMetrics {
        id: dateWidth

        text: root.date
        font.family: Theme.fontFamily
        font.pixelSize: Theme.textSize
    }

    Text {
        id: digits

        objectName: "clock"
        width: root.wide ? root.width - days.width - Theme.margin : root.width
        height: root.height
        text: root.time
        color: Theme.text
        font.family: Theme.fontFamily
        // Digits are as high as capitals: they fill the height that is left.
        font.pixelSize: Math.max(Theme.textSize, Math.min(Math.floor(root.height * 1.1), Math.floor(width / 2.9)))
        font.weight: Font.DemiBold
        font.underline: Theme.says(text)
        horizontalAlignment: Text.AlignHCenter
        verticalAlignment: Text.AlignVCenter
        textFormat: Text.PlainText
        Accessible.role: Accessible.StaticText
        Accessible.name: text
    }

    Item {
        id: days

        anchors.right: parent.right
        anchors.verticalCenter: parent.verticalCenter
        height: 2 * Theme.line
        width: Math.ceil(Math.max(dayWidth.advanceWidth, dateWidth.advanceWidth)) + 8
        visible: root.wide

        Label {
            objectName: "day"
            width: parent.width
            height: Theme.line
            text: root.day
            wrapMode: Text.NoWrap
        }

        Label {
            objectName: "date"
            y: Theme.line
            width: parent.width
            height: Theme.line
            text: root.date
            wrapMode: Text.NoWrap
        }
    }
}
