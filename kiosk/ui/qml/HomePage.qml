// Between visits: clock, day, next visit, one line of status, and what the patient can begin.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Svar.Screen

Page {
    id: root

    readonly property int kinds: model.measureButtons.length
    readonly property int buttonRows: Math.ceil((kinds + 1) / 2) * (kinds > 0 ? 1 : 0)
    readonly property bool compact: buttonRows > 0
    readonly property real lineHeight: Math.ceil(Theme.textSize * 1.16)
    readonly property bool hasVisit: model.visitWhen !== ""

    // How many lines of text there is room for beside the buttons; the most important ones come first.
    readonly property int lines: Math.floor((height - 2 * Theme.gap - buttons.height - 5 * Theme.millimetre) / lineHeight)
    readonly property int afterMust: lines - 2 - (hasVisit ? 1 : 0) - (model.statusGrave && model.statusDetail !== "" ? 1 : 0)
    readonly property bool showsDate: !compact || afterMust >= 1
    readonly property bool showsWho: hasVisit && (!compact || afterMust >= 2)
    readonly property bool showsCalmDetail: !compact || afterMust >= (hasVisit ? 3 : 2)

    onVisibleChanged: {
        if (visible && kinds > 0)
            kindButtons.itemAt(0)?.forceActiveFocus();
    }

    GridLayout {
        anchors.top: parent.top
        anchors.bottom: buttons.top
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.leftMargin: Theme.margin
        anchors.rightMargin: Theme.margin
        anchors.topMargin: Theme.gap
        anchors.bottomMargin: Theme.gap
        columns: root.compact ? 2 : 1
        rowSpacing: Theme.millimetre
        columnSpacing: Theme.margin

        Item {
            Layout.fillWidth: !root.compact
            Layout.preferredWidth: root.compact ? 64 * Theme.millimetre : -1
            Layout.fillHeight: true
            Layout.minimumHeight: root.compact ? root.lineHeight : 20 * Theme.millimetre
            Layout.maximumHeight: root.compact ? 36 * Theme.millimetre : 70 * Theme.millimetre

            Text {
                objectName: "clock"
                anchors.centerIn: parent
                text: root.model.clock
                color: Theme.text
                font.family: Theme.fontFamily
                // Digits are as high as capitals: they fill the height that is left.
                font.pixelSize: Math.max(Theme.textSize, Math.min(parent.height * 0.8 / Theme.capRatio, parent.width / 3.2))
                font.weight: Font.DemiBold
                textFormat: Text.PlainText
                Accessible.role: Accessible.StaticText
                Accessible.name: text
            }
        }

        ColumnLayout {
            Layout.fillWidth: true
            spacing: 0

            Label {
                Layout.fillWidth: true
                objectName: "day"
                text: root.model.day
                font.pixelSize: root.compact ? Theme.textSize : Math.ceil(Theme.textSize * 1.15)
                font.weight: root.compact ? Font.Normal : Font.DemiBold
                wrapMode: Text.NoWrap
                horizontalAlignment: root.compact ? Text.AlignLeft : Text.AlignHCenter
            }

            Label {
                Layout.fillWidth: true
                objectName: "date"
                visible: root.showsDate
                text: root.model.date
                wrapMode: Text.NoWrap
                horizontalAlignment: root.compact ? Text.AlignLeft : Text.AlignHCenter
            }
        }

        Rectangle {
            Layout.fillWidth: true
            Layout.columnSpan: root.compact ? 2 : 1
            Layout.topMargin: Theme.millimetre
            Layout.preferredHeight: visit.implicitHeight + 2 * Theme.millimetre
            visible: root.hasVisit
            radius: Theme.radius
            color: Theme.panel

            ColumnLayout {
                id: visit

                anchors.centerIn: parent
                width: parent.width - 2 * Theme.gap
                spacing: 0

                Label {
                    Layout.fillWidth: true
                    objectName: "visitWhen"
                    text: root.model.visitWhen
                    wrapMode: Text.NoWrap
                    elide: Text.ElideRight
                    horizontalAlignment: Text.AlignHCenter
                }

                Label {
                    Layout.fillWidth: true
                    objectName: "visitWho"
                    visible: root.showsWho
                    text: root.model.visitWho
                    wrapMode: Text.NoWrap
                    elide: Text.ElideRight
                    horizontalAlignment: Text.AlignHCenter
                }
            }
        }

        StatusLine {
            Layout.fillWidth: true
            Layout.columnSpan: root.compact ? 2 : 1
            text: root.model.statusText
            detail: root.model.statusGrave || root.showsCalmDetail ? root.model.statusDetail : ""
            grave: root.model.statusGrave
        }
    }

    GridLayout {
        id: buttons

        readonly property real half: (width - columnSpacing) / 2

        anchors.bottom: parent.bottom
        anchors.bottomMargin: root.compact ? Theme.gap * 2 : 0
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.leftMargin: Theme.margin
        anchors.rightMargin: Theme.margin
        height: root.buttonRows * Theme.target + Math.max(0, root.buttonRows - 1) * rowSpacing
        visible: root.compact
        columns: 2
        columnSpacing: Theme.buttonGap
        rowSpacing: Theme.buttonGap

        Repeater {
            id: kindButtons

            model: root.model.measureButtons

            BigButton {
                required property string modelData
                required property int index

                objectName: "measure" + index
                Layout.preferredWidth: buttons.half
                Layout.preferredHeight: Theme.target
                text: modelData
                weight: Font.Normal
                keyboardInUse: root.keyboardInUse
                onActivated: root.model.measure(index)
            }
        }

        BigButton {
            objectName: "myReadings"
            Layout.fillWidth: true
            Layout.columnSpan: root.kinds % 2 === 0 ? 2 : 1
            Layout.preferredWidth: buttons.half
            Layout.preferredHeight: Theme.target
            text: root.model.historyText
            weight: Font.Normal
            background: Theme.panel
            foreground: Theme.text
            border.width: Theme.ring / 2
            border.color: Theme.text
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.openHistory()
        }
    }
}
