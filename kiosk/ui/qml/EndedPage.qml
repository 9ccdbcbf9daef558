// A calm card about the call that ended.
import QtQuick

Page {
    id: root

    board: pieces

    Board {
        id: pieces

        anchors.fill: parent
        model: root.model
        centred: true
        initial: done

        Words {
            name: "endedSentence"
            heading: true
            text: root.model.endedSentence
            size: Math.ceil(Theme.textSize * (Theme.roomy ? 1.25 : 1))
            weight: Font.DemiBold
            alignment: Text.AlignHCenter
        }

        Words {
            name: "endedAction"
            text: root.model.endedAction
            alignment: Text.AlignHCenter
        }

        Choice {
            name: "undo"
            text: root.model.undoText
            wanted: root.model.canUndo
            good: true
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.undo()
        }

        Choice {
            id: done

            name: "close"
            text: root.model.closeText
            main: !root.model.canUndo
            apart: root.model.canUndo
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.closeCard()
        }

        Choice {
            name: "readAloud"
            wanted: text !== ""
            text: root.model.text.readAloudText
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.readTextAloud()
        }
    }
}
