// A known caller waits: who it is, one giant button that fills most of the screen, and a smaller one far from it.
import QtQuick

Page {
    id: root

    readonly property real answerWidth: width - 2 * Theme.margin
    // 60 by 40 mm, and a quarter of the screen.
    // And as many lines as its words take.
    readonly property int answerLines: Math.ceil((model.layout.width(model.answerText, Theme.textSize, answer.weight) + Theme.padding) / answerWidth)
    readonly property real answerLeast: Math.max(40 * Theme.millimetre, 0.25 * width * Theme.windowHeight / answerWidth, answerLines * Theme.line + Theme.gap) + 1
    readonly property real aboveBar: height - Theme.gap - Theme.bar - Theme.apart
    readonly property real headHeight: Math.max(32 * Theme.millimetre, Math.ceil(2.3 * Theme.line))
    // Who rings stands above the button; where that has no room, between the button and the one that refuses.
    readonly property bool headAbove: aboveBar - answerLeast - 2 * Theme.gap >= Theme.line
    readonly property real head: Math.min(headHeight, aboveBar - answerLeast - 2 * Theme.gap)
    readonly property bool hasPicture: headAbove && head >= 20 * Theme.millimetre && answerWidth - head - 2 * Theme.margin >= 8 * Theme.textSize

    board: pieces
    onVisibleChanged: {
        if (visible)
            answer.forceActiveFocus();
    }

    CallerPicture {
        x: Theme.margin
        y: Theme.gap
        width: root.head
        height: root.head
        visible: root.hasPicture
        source: root.model.callerPicture
        initials: root.model.callerInitials
        description: root.model.callerPictureName
    }

    BigButton {
        id: answer

        objectName: "answer"
        x: Theme.margin
        y: root.headAbove ? root.head + 2 * Theme.gap : Theme.gap / 2
        width: root.answerWidth
        height: root.headAbove ? root.aboveBar - y : Math.max(root.answerLeast, root.height - 2 * Theme.gap - Theme.bar - Math.max(Theme.apart, Theme.line + Theme.gap) - y)
        text: root.model.answerText
        textSize: Theme.buttonTextSize
        background: Theme.good
        foreground: Theme.goodInk
        keyboardInUse: root.keyboardInUse
        border.width: Theme.ring * (1 + pulse.level)
        border.color: Theme.goodEdge
        onActivated: root.model.answer()
        KeyNavigation.up: decline.button
    }

    // A slow swell of the button's edge, once in two seconds, drawn ten times a second: it calls without flashing.
    Timer {
        id: pulse

        property int step: 0
        readonly property int steps: 20
        readonly property real level: (1 - Math.cos(2 * Math.PI * step / steps)) / 2

        objectName: "ringPulse"
        interval: 100
        repeat: true
        running: root.visible && root.model.flash
        onTriggered: step = (step + 1) % steps
        onRunningChanged: step = 0
    }

    Board {
        id: pieces

        anchors.fill: parent
        model: root.model
        contentLeft: root.hasPicture ? root.head + 2 * Theme.margin : Theme.margin
        contentTop: root.headAbove ? Theme.gap : answer.y + answer.height + 1
        reserve: root.headAbove ? answer.height + Theme.apart : 0
        centred: true
        elsewhere: true

        Words {
            name: "callerName"
            text: root.model.callerName
            size: Theme.roomy ? Math.ceil(Theme.textSize * 1.15) : Theme.textSize
            weight: Font.DemiBold
        }

        Words {
            name: "callerLine"
            text: root.model.callerLine
        }

        Choice {
            id: decline

            name: "decline"
            text: root.model.declineText
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.decline()
            button.KeyNavigation.down: answer
        }
    }
}
