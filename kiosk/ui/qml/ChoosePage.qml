// Choosing the patient's profile, by seeing and hearing: a question, what is compared, and at most three answers.
pragma ComponentBehavior: Bound

import QtQuick
import Svar.Screen

Page {
    id: root

    readonly property ChoosingModel card: model.choosing

    board: pieces
    Accessible.role: Accessible.Dialog

    Board {
        id: pieces

        anchors.fill: parent
        model: root.model
        centred: !root.card.aims

        Words {
            name: "chooseQuestion"
            heading: true
            text: root.card.title
            size: Theme.roomy ? Math.ceil(Theme.textSize * 1.2) : Theme.textSize
            weight: Font.DemiBold
            color: Theme.title
            alignment: Text.AlignHCenter
        }

        Words {
            name: "chooseSample"
            text: root.card.sample
            alignment: Text.AlignHCenter
        }

        Piece {
            id: room

            wanted: root.card.aims
            wantedHeight: 90 * Theme.millimetre
            least: 45 * Theme.millimetre

            // Where the finger comes down counts, on the ring or beside it; how it is lifted does not.
            MouseArea {
                anchors.fill: parent
                onPressed: mouse => root.model.tap((mouse.x - ring.x - ring.width / 2) / Theme.millimetre, (mouse.y - ring.y - ring.height / 2) / Theme.millimetre)
            }

            Rectangle {
                id: ring

                objectName: "target"
                x: root.card.targetX * parent.width - width / 2
                y: root.card.targetY * parent.height - height / 2
                width: 30 * Theme.millimetre
                height: width
                radius: width / 2
                color: Theme.panel
                border.width: 3 * Theme.ring
                border.color: Theme.text
                Accessible.role: Accessible.Graphic
                Accessible.name: root.card.title

                Rectangle {
                    anchors.centerIn: parent
                    width: 4 * Theme.millimetre
                    height: width
                    radius: width / 2
                    color: Theme.text
                }
            }
        }

        Repeater {
            model: root.card.answers

            Choice {
                required property var modelData

                name: "answer" + modelData.place
                text: modelData.text
                good: modelData.good
                main: modelData.heard
                ground: modelData.ground
                ink: modelData.ink
                edge: modelData.edge
                apart: modelData.place > 0 && !root.card.compares
                // What is compared stands side by side, the first one to the left; one answer alone stands in the bar.
                flows: root.card.compares || Theme.roomy && root.card.answers.length > 1
                sticky: !flows
                keyboardInUse: root.keyboardInUse
                onActivated: root.model.chooseAnswer(modelData.place)
            }
        }

        Choice {
            name: "back"
            wanted: root.card.back
            sticky: root.card.answers.length > 1 && (root.card.compares || Theme.roomy)
            text: root.model.backText
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.chooseBack()
        }
    }
}
