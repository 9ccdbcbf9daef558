// One's own readings: the newest in large, one line with its target band, and how far back it goes.
pragma ComponentBehavior: Bound

import QtQuick
import Svar.Screen

Page {
    id: root

    readonly property HistoryModel card: model.history

    board: pieces

    Board {
        id: pieces

        anchors.fill: parent
        model: root.model
        initial: back

        Words {
            name: "historyTitle"
            heading: true
            text: root.card.title
            weight: Font.DemiBold
            color: Theme.title
        }

        Words {
            name: "historyWhen"
            text: root.card.when
            pairs: true
            toRight: true
        }

        Words {
            name: "historyValue"
            text: root.card.value
            size: Theme.roomy ? Math.ceil(Theme.textSize * 1.25) : Theme.textSize
            weight: Font.DemiBold
        }

        Words {
            name: "historySentence"
            text: root.card.sentence
        }

        Words {
            name: "historyAction"
            text: root.card.action
        }

        Curve {
            wanted: root.card.drawn
            card: root.card
            layout: root.model.layout
            targetText: root.model.targetText
        }

        Choice {
            id: back

            name: "back"
            text: root.model.backText
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.back()
        }

        Choice {
            name: "span"
            text: root.card.nextSpanText
            sticky: false
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.nextSpan()
        }

        Choice {
            name: "other"
            wanted: text !== ""
            text: root.card.otherText
            sticky: false
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.chooseOther()
        }
    }
}
