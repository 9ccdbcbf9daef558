// The call: the other one's picture as large as can be, one's own small, one button; a task lies beside it or over it.
import QtQuick
import Svar.Screen

Page {
    id: root

    readonly property bool hasTask: model.measurement.shown || model.owner.shown
    // Beside the picture only where a line still holds some twenty letters.
    readonly property bool beside: hasTask && width * 0.56 - 2 * Theme.margin >= 8.5 * Theme.textSize
    readonly property bool over: hasTask && !beside
    readonly property real barTop: height - Theme.gap - Theme.bar
    // Without a line the last picture is not shown: a still face looks alive.
    readonly property bool hasPicture: model.remote.active && !model.lineLost
    readonly property bool words: !hasPicture && !hasTask

    board: pieces
    covers: Theme.roomy

    Rectangle {
        anchors.fill: parent
        color: root.hasPicture ? "black" : Theme.background
    }

    Rectangle {
        id: panel

        objectName: "panel"
        width: root.beside ? parent.width * 0.56 : parent.width
        height: parent.height
        visible: root.hasTask
        color: Theme.background
    }

    Item {
        id: pictureArea

        objectName: "pictureArea"
        x: root.beside ? panel.width : 0
        y: 0
        width: parent.width - x
        height: root.beside ? Math.min(width * 0.75, root.barTop - Theme.gap) : parent.height
        visible: !root.over

        Loader {
            anchors.fill: parent
            visible: root.hasPicture
            Accessible.role: Accessible.Graphic
            Accessible.name: root.model.callerPictureName
            property url page: root.model.videoPage
            onPageChanged: {
                if (page.toString() !== "")
                    setSource(page, {
                        "feed": root.model.remote
                    });
            }
            Component.onCompleted: pageChanged()
        }

        // Beside a task, while there is no picture.
        Label {
            objectName: "besideNotice"
            anchors.fill: parent
            anchors.margins: Theme.gap
            visible: root.beside && !root.hasPicture
            text: root.model.notice !== "" ? root.model.notice : root.model.callerName
            horizontalAlignment: Text.AlignHCenter
        }
    }

    // In the corner and no wider than its words: the face is in the middle.
    Rectangle {
        anchors.top: parent.top
        anchors.left: pictureArea.left
        width: Math.min(pictureArea.width, Math.ceil(overlay.implicitWidth) + 2 * Theme.gap)
        height: overlay.height + Theme.gap
        visible: pictureArea.visible && root.hasPicture && root.model.notice !== ""
        color: Theme.background

        Label {
            id: overlay

            objectName: "overlayNotice"
            anchors.centerIn: parent
            width: parent.width - 2 * Theme.gap
            height: lineCount * lineHeight
            text: root.model.notice
            horizontalAlignment: Text.AlignHCenter
        }
    }

    Rectangle {
        objectName: "ownPicture"
        x: root.beside ? pictureArea.x + Theme.gap : Theme.margin + Theme.fixedWidth + (root.board.subPages > 1 ? Theme.moreWidth : 0)
        y: root.beside ? pictureArea.height + Theme.gap : root.barTop + Theme.bar - height
        height: root.beside ? Math.min(Theme.target, root.barTop - pictureArea.height - 2 * Theme.gap) : Theme.target
        width: height * 4 / 3
        visible: root.model.own.active && !root.over && height > 8 * Theme.millimetre
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

    TaskBoard {
        id: pieces

        anchors.fill: parent
        model: root.model
        narrow: true
        contentWidth: (root.beside ? panel.width : width) - 2 * Theme.margin
        centred: root.words
        initial: hangUp

        Piece {
            wanted: root.words && Theme.roomy
            wantedHeight: 34 * Theme.millimetre

            CallerPicture {
                anchors.horizontalCenter: parent.horizontalCenter
                width: height
                height: parent.height
                source: root.model.callerPicture
                initials: root.model.callerInitials
                description: root.model.callerPictureName
            }
        }

        Words {
            name: "callName"
            wanted: root.words
            text: root.model.callerName
            weight: Font.DemiBold
            alignment: Text.AlignHCenter
        }

        Words {
            name: "callNotice"
            wanted: root.words && text !== ""
            text: root.model.notice
            alignment: Text.AlignHCenter
        }

        Choice {
            id: hangUp

            name: "hangUp"
            text: root.model.hangUpText
            main: true
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.hangUp()
        }

        Choice {
            name: "stopInCall"
            sticky: Theme.roomy
            wanted: root.model.measurement.canStop
            text: root.model.stopText
            apart: true
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.stopMeasuring()
        }

        Choice {
            name: "notMine"
            sticky: false
            flows: true
            wanted: root.model.owner.shown
            text: root.model.notMineText
            apart: true
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.answerOwner(false)
        }

        Choice {
            name: "mine"
            sticky: false
            flows: true
            wanted: root.model.owner.shown
            text: root.model.mineText
            good: true
            apart: true
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.answerOwner(true)
        }
    }
}
