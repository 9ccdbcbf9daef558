// One's own readings: the newest in large, one line with its target band, and how far back it goes.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Svar.Screen

Page {
    id: root

    readonly property HistoryModel card: model.history

    onVisibleChanged: {
        if (visible)
            back.forceActiveFocus();
    }

    Item {
        id: head

        anchors.top: parent.top
        anchors.topMargin: Theme.gap
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.leftMargin: Theme.margin
        anchors.rightMargin: Theme.margin
        height: 36 * Theme.millimetre

        ColumnLayout {
            anchors.top: parent.top
            anchors.left: parent.left
            spacing: 0

            Label {
                objectName: "historyTitle"
                text: root.card.title
                font.weight: Font.DemiBold
                color: Theme.accent
                wrapMode: Text.NoWrap
            }

            Label {
                objectName: "historyValue"
                // Only a wider font than the wanted one makes it smaller.
                Layout.preferredWidth: Math.min(implicitWidth, head.width - Math.max(when.width, other.visible ? other.width : 0) - Theme.gap)
                visible: text !== ""
                text: root.card.value
                font.pixelSize: Math.ceil(Theme.textSize * 1.5)
                fontSizeMode: Text.HorizontalFit
                minimumPixelSize: Theme.textSize
                font.weight: Font.DemiBold
                wrapMode: Text.NoWrap
            }
        }

        BigButton {
            id: other

            objectName: "other"
            anchors.top: parent.top
            anchors.right: parent.right
            visible: text !== ""
            text: root.card.otherText
            weight: Font.Normal
            background: Theme.panel
            foreground: Theme.text
            border.width: Theme.ring / 2
            border.color: Theme.text
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.chooseOther()
        }

        Label {
            id: when

            objectName: "historyWhen"
            anchors.right: parent.right
            anchors.bottom: parent.bottom
            visible: text !== ""
            height: lineHeight
            text: root.card.when
            wrapMode: Text.NoWrap
        }
    }

    ColumnLayout {
        anchors.top: head.bottom
        anchors.topMargin: Theme.gap
        anchors.left: head.left
        anchors.right: head.right
        spacing: Theme.gap

        Label {
            Layout.fillWidth: true
            objectName: "historySentence"
            visible: text !== ""
            text: root.card.sentence
        }

        Label {
            Layout.fillWidth: true
            objectName: "historyAction"
            visible: text !== ""
            text: root.card.action
        }
    }

    Item {
        id: drawing

        readonly property real numbers: 30 * Theme.millimetre
        readonly property real names: root.card.hasTarget ? 26 * Theme.millimetre : 0

        anchors.top: head.bottom
        anchors.topMargin: Theme.gap
        anchors.bottom: spans.top
        anchors.bottomMargin: Theme.gap
        anchors.left: head.left
        anchors.right: head.right
        visible: root.card.drawn

        CurveItem {
            id: curve

            objectName: "curve"
            anchors.top: parent.top
            anchors.bottom: parent.bottom
            anchors.bottomMargin: Math.ceil(Theme.textSize * 1.16)
            anchors.left: parent.left
            anchors.leftMargin: drawing.numbers
            anchors.right: parent.right
            history: root.card
            plotWidth: width - drawing.names
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
                width: drawing.numbers - Theme.gap
                height: lineHeight
                // Digits stand on the line that they name, at the top below it and at the bottom above it.
                y: (1 - modelData.at) * (curve.height - height)
                text: modelData.text
                wrapMode: Text.NoWrap
                horizontalAlignment: Text.AlignRight
            }
        }

        Repeater {
            model: root.card.marks

            Label {
                required property var modelData

                objectName: "mark"
                anchors.bottom: parent?.bottom
                height: lineHeight
                x: drawing.numbers + Math.max(0, Math.min(curve.plotWidth - width, modelData.at * curve.plotWidth - width / 2))
                text: modelData.text
                wrapMode: Text.NoWrap
            }
        }

        Label {
            objectName: "target"
            visible: root.card.hasTarget
            anchors.right: parent.right
            width: drawing.names - Theme.gap
            height: 2 * lineHeight
            y: Math.max(0, Math.min(curve.height - height, (1 - root.card.targetMiddle) * curve.height - height / 2))
            text: root.model.targetText
            horizontalAlignment: Text.AlignHCenter
        }
    }

    RowLayout {
        id: spans

        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.gap * 2
        anchors.left: head.left
        spacing: Theme.buttonGap

        Repeater {
            model: root.card.spans

            BigButton {
                id: span

                required property var modelData
                required property int index
                readonly property bool chosen: modelData.chosen

                objectName: "span" + index
                Layout.preferredWidth: Math.max(implicitWidth, 34 * Theme.millimetre)
                text: modelData.text
                weight: Font.Normal
                background: chosen ? Theme.plain : Theme.panel
                foreground: chosen ? Theme.plainInk : Theme.text
                border.width: Theme.ring / 2
                border.color: Theme.text
                keyboardInUse: root.keyboardInUse
                Accessible.checkable: true
                Accessible.checked: chosen
                onActivated: root.model.chooseSpan(index)

                // Not by colour alone.
                Rectangle {
                    anchors.bottom: parent.bottom
                    anchors.bottomMargin: Theme.ring
                    anchors.horizontalCenter: parent.horizontalCenter
                    width: parent.width * 0.5
                    height: Theme.ring
                    visible: span.chosen
                    color: Theme.plainInk
                }
            }
        }
    }

    BigButton {
        id: back

        objectName: "back"
        anchors.bottom: spans.bottom
        anchors.right: head.right
        text: root.model.backText
        weight: Font.Normal
        background: Theme.panel
        foreground: Theme.text
        border.width: Theme.ring / 2
        border.color: Theme.text
        keyboardInUse: root.keyboardInUse
        onActivated: root.model.back()
    }
}
