// One measurement: what to do, or what it gave, or why it gave nothing.
import QtQuick
import QtQuick.Layouts
import Svar.Screen

Rectangle {
    id: root

    required property ScreenModel model

    color: Theme.background

    ColumnLayout {
        anchors.fill: parent
        anchors.margins: Theme.margin
        spacing: Theme.gap * 2

        Label {
            Layout.fillWidth: true
            objectName: "measurementTitle"
            text: root.model.measurementTitle
            font.weight: Font.DemiBold
            color: Theme.accent
        }

        Repeater {
            model: root.model.measurementSteps

            Label {
                required property string modelData

                Layout.fillWidth: true
                objectName: "measurementStep"
                text: modelData
            }
        }

        Label {
            Layout.fillWidth: true
            objectName: "measurementValue"
            visible: text !== ""
            text: root.model.measurementValue
            font.pixelSize: Theme.textSize * 2.2
            font.weight: Font.DemiBold
            fontSizeMode: Text.HorizontalFit
            minimumPixelSize: Theme.textSize
            wrapMode: Text.NoWrap
        }

        Flow {
            Layout.fillWidth: true
            spacing: Theme.gap * 2
            visible: root.model.measurementMark !== ""

            Label {
                objectName: "measurementPulse"
                width: implicitWidth + Theme.margin
                height: mark.height
                visible: text !== ""
                text: root.model.measurementPulse
                font.pixelSize: Math.ceil(Theme.textSize * 1.15)
                wrapMode: Text.NoWrap
            }

            Rectangle {
                id: mark

                width: word.implicitWidth + 2 * Theme.margin
                height: Math.ceil(Theme.textSize * 1.16) + 2 * Theme.gap
                radius: Theme.radius
                color: root.model.measurementArrived ? Theme.good : Theme.panel

                Label {
                    id: word

                    objectName: "measurementMark"
                    anchors.centerIn: parent
                    text: root.model.measurementMark
                    wrapMode: Text.NoWrap
                }
            }
        }

        Item {
            Layout.fillHeight: true
        }
    }
}
