// One measurement: what to do, how far it has come, what it gave, or why it gave nothing.
import QtQuick
import QtQuick.Layouts
import Svar.Screen

Rectangle {
    id: root

    required property MeasurementModel card
    // Beside a picture there is room for less: the drawing and the reason for a doubt stay away.
    property bool narrow: false
    // Huge where it stands alone; with advice beside it, so large that both have room.
    readonly property real largest: narrow || card.sentence !== "" ? 1.6 : 3
    readonly property int valueWeight: card.provisional ? Font.Normal : Font.DemiBold
    readonly property bool hasResult: card.value !== "" && !card.provisional

    color: Theme.background

    RowLayout {
        anchors.fill: parent
        spacing: Theme.margin * 2

        Image {
            id: drawing

            objectName: "picture"
            Layout.fillHeight: true
            Layout.preferredWidth: Math.min(height, 76 * Theme.millimetre)
            visible: !root.narrow && source.toString() !== ""
            source: root.card.picture
            sourceSize: Qt.size(Layout.preferredWidth, Layout.preferredWidth)
            fillMode: Image.PreserveAspectFit
            horizontalAlignment: Image.AlignHCenter
            verticalAlignment: Image.AlignVCenter
            Accessible.role: Accessible.Graphic
            Accessible.name: root.card.pictureName
        }

        ColumnLayout {
            Layout.fillWidth: true
            Layout.fillHeight: true
            spacing: root.narrow ? Theme.gap : Theme.millimetre

            Label {
                Layout.fillWidth: true
                objectName: "measurementTitle"
                text: root.card.title
                font.weight: Font.DemiBold
                color: Theme.accent
            }

            Repeater {
                model: root.card.provisional ? [] : root.card.steps

                Label {
                    required property string modelData

                    Layout.fillWidth: true
                    objectName: "measurementStep"
                    text: modelData
                }
            }

            Text {
                id: value

                Layout.fillWidth: true
                // Digits are as high as capitals, and need no air.
                Layout.preferredHeight: Math.ceil(font.pixelSize * 1.16)
                objectName: "measurementValue"
                visible: text !== ""
                text: root.card.value
                color: root.card.provisional ? Theme.quietText : Theme.text
                font.family: Theme.fontFamily
                font.pixelSize: Math.max(Theme.textSize, Math.min(Theme.textSize * root.largest, Math.floor(0.98 * Theme.textSize * root.availableWidth / measured.advanceWidth)))
                font.weight: root.valueWeight
                verticalAlignment: Text.AlignVCenter
                textFormat: Text.PlainText
                Accessible.role: Accessible.StaticText
                Accessible.name: text

                TextMetrics {
                    id: measured

                    text: root.card.value
                    font.family: Theme.fontFamily
                    font.pixelSize: Theme.textSize
                    font.weight: root.valueWeight
                }
            }

            Rectangle {
                objectName: "bar"
                Layout.fillWidth: true
                Layout.preferredHeight: 10 * Theme.millimetre
                visible: root.card.filling
                radius: Theme.radius / 2
                color: Theme.panel
                border.width: Theme.ring / 2
                border.color: Theme.text

                Rectangle {
                    objectName: "barFilled"
                    x: Theme.ring
                    y: Theme.ring
                    width: (parent.width - 2 * Theme.ring) * root.card.bar
                    height: parent.height - 2 * Theme.ring
                    radius: Theme.radius / 4
                    color: Theme.text
                }
            }

            Repeater {
                model: root.card.provisional ? root.card.steps : []

                Label {
                    required property string modelData

                    Layout.fillWidth: true
                    objectName: "measurementStep"
                    text: modelData
                }
            }

            // What does not fit beside goes below.
            Flow {
                Layout.fillWidth: true
                spacing: Theme.gap * 2
                visible: root.hasResult

                Label {
                    objectName: "measurementUnit"
                    height: mark.height
                    visible: text !== ""
                    text: root.card.unit
                    wrapMode: Text.NoWrap
                }

                Label {
                    objectName: "measurementPulse"
                    height: mark.height
                    visible: text !== ""
                    text: root.card.pulse
                    wrapMode: Text.NoWrap
                }

                Rectangle {
                    id: mark

                    width: word.implicitWidth + 4 * Theme.gap
                    height: Math.ceil(Theme.textSize * 1.16) + Theme.gap
                    visible: root.card.mark !== ""
                    radius: Theme.radius
                    color: root.card.arrived ? Theme.good : Theme.panel

                    Label {
                        id: word

                        objectName: "measurementMark"
                        anchors.centerIn: parent
                        text: root.card.mark
                        wrapMode: Text.NoWrap
                    }
                }
            }

            Label {
                Layout.fillWidth: true
                objectName: "measurementSentence"
                visible: text !== "" && !(root.narrow && root.hasResult)
                text: root.card.sentence
            }

            Label {
                Layout.fillWidth: true
                objectName: "measurementAction"
                visible: text !== ""
                text: root.card.action
            }

            Item {
                Layout.fillHeight: true
            }
        }
    }

    readonly property real availableWidth: width - (drawing.visible ? drawing.width + Theme.margin * 2 : 0)
}
