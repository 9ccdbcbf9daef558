// «Si igjen» and «Mer»: at the lower left, at one place on every page of a patient's screen.
pragma ComponentBehavior: Bound

import QtQuick
import Svar.Screen

Item {
    id: root

    required property ScreenModel model
    property Board board: null
    property bool keyboardInUse: false

    readonly property real wordsWidth: model.layout.width(model.sayAgainText, Theme.textSize, sayAgain.weight) + Theme.padding
    // The word where it leaves room for the other buttons, else the drawing alone (a screen reader says the word).
    readonly property bool inWords: wordsWidth <= 0.26 * width
    readonly property real sayAgainWidth: inWords ? Math.max(Theme.target, wordsWidth) : Theme.target
    readonly property string which: model.moreOf(board ? board.subPage + 1 : 1, board ? board.subPages : 2)
    readonly property real longWidth: model.layout.width(model.moreText + " " + model.moreOf(8, 8), Theme.textSize, sayAgain.weight) + Theme.padding + Theme.ring
    readonly property bool moreInWords: longWidth + sayAgainWidth <= 0.5 * width
    readonly property real shortWidth: Math.max(Theme.target, model.layout.width(model.moreText, Theme.textSize, sayAgain.weight) + Theme.padding)
    readonly property bool moreDrawn: !moreInWords && shortWidth > 0.26 * width
    readonly property real moreWidth: moreInWords ? longWidth : moreDrawn ? Theme.target : shortWidth

    BigButton {
        id: sayAgain

        objectName: "sayAgain"
        x: Theme.margin
        y: parent.height - Theme.gap - height
        width: root.sayAgainWidth
        height: Theme.bar
        text: root.inWords ? root.model.sayAgainText : ""
        background: Theme.quiet
        foreground: Theme.quietInk
        border.width: Theme.ring / 2
        border.color: Theme.edge
        keyboardInUse: root.keyboardInUse
        onActivated: root.model.sayAgain()
        Accessible.name: root.model.sayAgainText

        IconItem {
            anchors.centerIn: parent
            width: Math.min(parent.width, parent.height) * 0.6
            height: width
            visible: !root.inWords
            ink: Theme.quietInk
        }
    }

    BigButton {
        id: more

        objectName: "more"
        x: Theme.margin + root.sayAgainWidth + Theme.buttonGap
        y: sayAgain.y
        width: root.moreWidth
        height: Theme.bar
        visible: (root.board?.subPages ?? 1) > 1
        text: root.moreInWords ? root.model.moreText + " " + root.which : root.moreDrawn ? "" : root.model.moreText
        background: Theme.quiet
        foreground: Theme.quietInk
        border.width: Theme.ring / 2
        border.color: Theme.edge
        keyboardInUse: root.keyboardInUse
        onActivated: {
            if (root.model.mayTurn())
                root.board?.more();
        }
        Accessible.name: root.model.moreText + " " + root.which

        IconItem {
            anchors.centerIn: parent
            width: Math.min(parent.width, parent.height) * 0.6
            height: width
            visible: root.moreDrawn
            arrow: true
            ink: Theme.quietInk
        }

        // Which of how many, where the words have no room.
        Row {
            id: dots

            // Two thirds of its share of the button's width, at most.
            readonly property real dot: Math.min(Theme.ring * 1.6, (parent.width - 4 * Theme.ring) / (1.6 * (root.board?.subPages ?? 1)))

            anchors.horizontalCenter: parent.horizontalCenter
            anchors.bottom: parent.bottom
            anchors.bottomMargin: Theme.ring * 1.5
            spacing: 0.6 * dot
            visible: !root.moreInWords

            Repeater {
                model: root.board?.subPages ?? 0

                Rectangle {
                    id: dot

                    required property int index

                    width: dots.dot
                    height: width
                    radius: width / 2
                    color: dot.index === root.board?.subPage ? Theme.quietInk : Theme.quiet
                    border.width: Math.min(Theme.ring / 3, dots.dot / 5)
                    border.color: Theme.quietInk
                }
            }
        }
    }
}
