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

    // What is written and said: over the lower part of the picture, or below the one beside a task. Over a task that
    // fills the screen only what is new, in place of it.
    readonly property bool hasText: textPanel.visible || captionPanel.visible
    readonly property bool textFits: hasPicture || hasTask || Theme.roomy || model.notice === ""
    readonly property real textHeight: (textPanel.visible ? textPanel.height + Theme.gap : 0) + (captionPanel.visible ? captionPanel.height + Theme.gap : 0)
    readonly property real textX: beside ? panel.width + Theme.gap : Theme.margin
    readonly property real barWidths: Theme.fixedWidth + 2 * Theme.margin + model.layout.width(model.hangUpText, Theme.textSize, hangUp.button.weight) + Theme.apart + model.layout.width(model.text.writeText, Theme.textSize, hangUp.button.weight) + 2 * Theme.padding
    readonly property real buttonsTop: hasTask ? pieces.buttonsTop : barTop - (barWidths > width ? Theme.bar + Theme.buttonGap : 0)
    readonly property int linesThereAre: Math.max(0, Math.floor((buttonsTop - 3 * Theme.gap - (notice.visible ? notice.height + Theme.gap : 0)) / Theme.line))
    readonly property int linesForText: !textFits ? 0 : hasTask || (words && Theme.roomy) ? 3 : Theme.roomy ? Math.floor(0.45 * height / Theme.line) : 2

    board: pieces
    covers: Theme.roomy
    markOnTop: words
    // The name goes when the picture comes, not at the next change of the state.
    onWordsChanged: Qt.callLater(pieces.arrange)
    aboveButtons: textHeight

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
            visible: root.beside && !root.hasPicture && !(root.hasText && root.model.notice === "")
            text: root.model.notice !== "" ? root.model.notice : root.model.callerName
            horizontalAlignment: Text.AlignHCenter
            verticalAlignment: root.hasText ? Text.AlignTop : Text.AlignVCenter
        }
    }

    // In the corner and no wider than its words: the face is in the middle.
    Rectangle {
        id: notice

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
        visible: root.model.own.active && !root.over && !(root.beside && root.hasText) && x + width <= writeChoice.barLeft && height > 8 * Theme.millimetre
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

    Binding {
        target: root.model.text
        property: "boxWidth"
        value: textPanel.width - 2 * Theme.gap
        when: root.visible
    }
    Binding {
        target: root.model.text
        property: "room"
        value: Math.min(root.linesForText, root.linesThereAre)
        when: root.visible
    }
    Binding {
        target: root.model.text
        property: "ceiling"
        value: root.words ? Math.min(root.linesForText, root.linesThereAre) : root.linesThereAre
        when: root.visible
    }
    Binding {
        target: root.model.text
        property: "brief"
        value: root.over
        when: root.visible
    }

    TextPanel {
        id: textPanel

        x: root.textX
        y: pieces.buttonsTop - Theme.gap - height
        width: parent.width - x - Theme.margin
        model: root.model.text
    }

    CaptionPanel {
        id: captionPanel

        x: root.textX
        y: (textPanel.visible ? textPanel.y : pieces.buttonsTop) - Theme.gap - height
        width: textPanel.width
        model: root.model.text
    }

    TaskBoard {
        id: pieces

        anchors.fill: parent
        model: root.model
        narrow: true
        contentWidth: (root.beside ? panel.width : width) - 2 * Theme.margin
        centred: root.words
        contentTop: Theme.gap + (root.words && root.covers && root.model.fakeMarkShort !== "" ? Theme.line : 0)
        covered: root.over && root.hasText
        reserve: root.hasTask ? 0 : root.textHeight
        initial: hangUp

        Piece {
            wanted: root.words && Theme.roomy
            wantedHeight: 34 * Theme.millimetre
            least: 16 * Theme.millimetre

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
            wanted: root.words && (Theme.roomy || !root.textFits || !root.model.text.any)
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
            id: writeChoice

            // Where it stands in the bar.
            readonly property real barLeft: visible && y >= root.barTop - 1 ? x - Theme.gap : root.width

            name: "writeText"
            wanted: root.model.text.readable && !root.hasTask && !root.model.lineLost
            text: root.model.text.writeText
            apart: true
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.write()
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
            name: "closeInCall"
            wanted: root.model.measurement.canClose
            text: root.model.closeText
            apart: true
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.closeCard()
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
