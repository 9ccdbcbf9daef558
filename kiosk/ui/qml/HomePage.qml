// Between visits: clock, day, next visit, one line of status; or the measurement that is going on.
import QtQuick
import QtQuick.Layouts
import Svar.Screen

Item {
    id: root

    required property ScreenModel model
    readonly property bool measures: model.measuring

    ColumnLayout {
        anchors.fill: parent
        anchors.leftMargin: Theme.margin
        anchors.rightMargin: Theme.margin
        anchors.topMargin: Theme.gap
        anchors.bottomMargin: Theme.gap
        spacing: Theme.millimetre

        Item {
            Layout.fillWidth: true
            Layout.fillHeight: true
            Layout.minimumHeight: 20 * Theme.millimetre
            Layout.maximumHeight: root.measures ? 24 * Theme.millimetre : 70 * Theme.millimetre

            Text {
                objectName: "clock"
                anchors.centerIn: parent
                text: root.model.clock
                color: Theme.text
                font.family: Theme.fontFamily
                // Digits are as high as capitals: they fill the height that is left.
                font.pixelSize: Math.min(parent.height * 0.8 / Theme.capRatio, parent.width / 3.2)
                font.weight: Font.DemiBold
                textFormat: Text.PlainText
                Accessible.role: Accessible.StaticText
                Accessible.name: text
            }
        }

        Label {
            Layout.fillWidth: true
            objectName: "day"
            visible: !root.measures
            text: root.model.day
            font.pixelSize: Math.ceil(Theme.textSize * 1.15)
            font.weight: Font.DemiBold
            horizontalAlignment: Text.AlignHCenter
        }

        Label {
            Layout.fillWidth: true
            objectName: "date"
            visible: !root.measures
            text: root.model.date
            horizontalAlignment: Text.AlignHCenter
        }

        Rectangle {
            Layout.fillWidth: true
            Layout.topMargin: Theme.millimetre
            Layout.preferredHeight: visit.implicitHeight + 2 * Theme.millimetre
            visible: root.model.visitWhen !== "" && !root.measures
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
                    text: root.model.visitWho
                    wrapMode: Text.NoWrap
                    elide: Text.ElideRight
                    horizontalAlignment: Text.AlignHCenter
                }
            }
        }

        StatusLine {
            Layout.fillWidth: true
            visible: !root.measures
            text: root.model.statusText
            detail: root.model.statusDetail
            grave: root.model.statusGrave
        }

        MeasurementPanel {
            Layout.fillWidth: true
            Layout.fillHeight: true
            visible: root.measures
            model: root.model
        }
    }
}
