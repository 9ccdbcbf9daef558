// A measurement between calls: begun by the patient, or just come from a device; and the way out of it.
import QtQuick
import Svar.Screen

Page {
    id: root

    readonly property MeasurementModel card: model.measurement
    readonly property bool hasDrawing: card.picture.toString() !== ""
    readonly property real drawingWidth: 76 * Theme.millimetre
    // Beside it there is room for words only when a line still holds some twenty letters.
    readonly property bool beside: hasDrawing && width - drawingWidth - 4 * Theme.margin >= 8.5 * Theme.textSize

    board: pieces

    Drawing {
        x: Theme.margin
        y: Theme.gap
        width: root.drawingWidth
        height: parent.height - Theme.bar - 3 * Theme.gap
        visible: root.beside
        source: root.card.picture
        description: root.card.pictureName
    }

    TaskBoard {
        id: pieces

        anchors.fill: parent
        model: root.model
        contentLeft: root.beside ? root.drawingWidth + 3 * Theme.margin : Theme.margin
        drawingBelow: root.hasDrawing && !root.beside
        initial: root.card.canStop ? stop : root.card.canClose ? closeResult : null

        Choice {
            id: stop

            name: "stop"
            wanted: root.card.canStop
            text: root.model.stopText
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.stopMeasuring()
        }

        Choice {
            id: closeResult

            name: "closeResult"
            wanted: root.card.canClose
            text: root.model.closeText
            main: !root.card.canRepeat
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.closeCard()
        }

        Choice {
            name: "again"
            wanted: root.card.canRepeat
            sticky: Theme.roomy
            text: root.model.againText
            main: true
            apart: true
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.measureAgain()
        }
    }
}
