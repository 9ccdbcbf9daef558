// The call: the other one's picture as large as can be, one's own small, one button; a measurement lies beside it.
import QtQuick
import QtQuick.Layouts
import Svar.Screen

Page {
    id: root

    readonly property bool beside: model.measurement.shown || model.owner.shown
    markRight: beside ? 0 : hangUp.width + 2 * Theme.gap
    markUp: beside ? Theme.target + 2 * Theme.gap : 0
    // Without a line the last picture is not shown: a still face looks alive.
    readonly property bool hasPicture: model.remote.active && !model.lineLost

    onVisibleChanged: {
        if (visible)
            hangUp.forceActiveFocus();
    }

    Rectangle {
        anchors.fill: parent
        color: "black"
    }

    Rectangle {
        id: panel

        objectName: "panel"
        anchors.left: parent.left
        anchors.top: parent.top
        anchors.bottom: parent.bottom
        width: parent.width * 0.56
        visible: root.beside
        color: Theme.background

        MeasurementPanel {
            anchors.top: parent.top
            anchors.bottom: stop.visible ? stop.top : parent.bottom
            anchors.left: parent.left
            anchors.right: parent.right
            anchors.margins: Theme.gap
            anchors.leftMargin: Theme.margin
            anchors.rightMargin: Theme.margin
            visible: root.model.measurement.shown
            narrow: true
            card: root.model.measurement
        }

        OwnerPanel {
            anchors.fill: parent
            visible: root.model.owner.shown
            narrow: true
            model: root.model
            keyboardInUse: root.keyboardInUse
        }

        BigButton {
            id: stop

            objectName: "stopInCall"
            anchors.left: parent.left
            anchors.bottom: parent.bottom
            anchors.margins: Theme.gap
            anchors.leftMargin: Theme.margin
            visible: root.model.measurement.canStop
            text: root.model.stopText
            background: Theme.panel
            foreground: Theme.text
            border.width: Theme.ring / 2
            border.color: Theme.text
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.stopMeasuring()
        }
    }

    Item {
        id: pictureArea

        objectName: "pictureArea"
        x: root.beside ? panel.width : 0
        y: 0
        width: parent.width - x
        height: root.beside ? Math.min(width * 0.75, parent.height - hangUp.height - 2 * Theme.gap) : parent.height

        Loader {
            anchors.fill: parent
            visible: root.hasPicture
            property url page: root.model.videoPage
            onPageChanged: {
                if (page.toString() !== "")
                    setSource(page, {
                        "feed": root.model.remote
                    });
            }
            Component.onCompleted: pageChanged()
        }

        ColumnLayout {
            anchors.centerIn: parent
            anchors.verticalCenterOffset: root.beside ? Theme.gap : -Theme.gap
            width: parent.width - 2 * Theme.margin
            visible: !root.hasPicture
            spacing: Theme.margin

            CallerPicture {
                Layout.alignment: Qt.AlignHCenter
                Layout.preferredWidth: 34 * Theme.millimetre
                Layout.preferredHeight: 34 * Theme.millimetre
                visible: !root.beside
                source: root.model.callerPicture
                initials: root.model.callerInitials
                description: root.model.callerPictureName
            }

            Label {
                Layout.fillWidth: true
                objectName: "callName"
                text: root.model.callerName
                font.weight: Font.DemiBold
                horizontalAlignment: Text.AlignHCenter
            }

            Label {
                Layout.fillWidth: true
                objectName: "callNotice"
                text: root.model.notice
                visible: text !== ""
                horizontalAlignment: Text.AlignHCenter
            }
        }
    }

    // In the corner and no wider than its words: the face is in the middle.
    Rectangle {
        anchors.top: parent.top
        anchors.left: pictureArea.left
        width: Math.min(pictureArea.width, Math.ceil(overlay.implicitWidth) + 2 * Theme.gap)
        height: overlay.implicitHeight + Theme.gap
        visible: root.hasPicture && root.model.notice !== ""
        color: Theme.background

        Label {
            id: overlay

            objectName: "overlayNotice"
            anchors.centerIn: parent
            width: parent.width - 2 * Theme.gap
            text: root.model.notice
            horizontalAlignment: Text.AlignHCenter
        }
    }

    Rectangle {
        objectName: "ownPicture"
        anchors.left: pictureArea.left
        anchors.bottom: parent.bottom
        anchors.margins: Theme.gap
        height: Theme.target
        width: height * 4 / 3
        visible: root.model.own.active
        color: "black"
        Accessible.role: Accessible.Graphic
        Accessible.name: root.model.ownPictureText

        Loader {
            id: ownLoader

            anchors.fill: parent
            // One's own picture is shown as in a mirror.
            transform: Scale {
                xScale: -1
                origin.x: ownLoader.width / 2
            }
            property url page: root.model.videoPage
            onPageChanged: {
                if (page.toString() !== "")
                    setSource(page, {
                        "feed": root.model.own
                    });
            }
            Component.onCompleted: pageChanged()
        }
    }

    BigButton {
        id: hangUp

        objectName: "hangUp"
        anchors.right: parent.right
        anchors.bottom: parent.bottom
        anchors.margins: Theme.gap
        width: Math.max(58 * Theme.millimetre, implicitWidth)
        text: root.model.hangUpText
        border.width: Theme.ring
        border.color: Theme.plainInk
        keyboardInUse: root.keyboardInUse
        onActivated: root.model.hangUp()
    }
}
