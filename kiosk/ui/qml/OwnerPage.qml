// Whose reading is it: the question, the value and when it came, and two buttons far from each other.
import QtQuick

Page {
    id: root

    board: pieces
    Accessible.role: Accessible.Dialog

    // A key pressed by accident answers nothing: the first Tab goes to the first answer.
    TaskBoard {
        id: pieces

        anchors.fill: parent
        model: root.model
        centred: true

        Choice {
            name: "notMine"
            sticky: Theme.roomy
            flows: !Theme.roomy
            text: root.model.notMineText
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.answerOwner(false)
        }

        Choice {
            name: "mine"
            sticky: Theme.roomy
            flows: !Theme.roomy
            text: root.model.mineText
            good: true
            apart: true
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.answerOwner(true)
        }
    }
}
