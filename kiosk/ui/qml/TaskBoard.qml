// What there is to do: a measurement with its steps, progress and result, or the question whose a reading is.
pragma ComponentBehavior: Bound

import QtQuick
import Svar.Screen

Board {
    id: root

    // Beside a picture there is room for less: the reason for a doubt stays away.
    property bool narrow: false
    // Where the drawing has no room beside the words it comes after them.
    property bool drawingBelow: false
    readonly property MeasurementModel card: model.measurement
    readonly property OwnerModel question: model.owner
    readonly property bool hasResult: card.value !== "" && !card.provisional
    // Huge where it stands alone; with advice beside it, so large that both have room.
    readonly property real largest: !Theme.roomy ? 1 : narrow || card.sentence !== "" ? 1.4 : 3
    readonly property int valueWeight: card.provisional ? Font.Normal : Font.DemiBold
    readonly property real valueWidth: model.layout.width(card.value, Theme.textSize, valueWeight)

    Words {
        name: "measurementTitle"
        heading: true
        text: root.card.title
        weight: Font.DemiBold
        color: Theme.title
    }

    Repeater {
        model: root.card.provisional ? [] : root.card.steps

        Words {
            required property string modelData

            name: "measurementStep"
            text: modelData
        }
    }

    Words {
        name: "measurementValue"
        text: root.card.value
        size: Math.max(Theme.textSize, Math.min(Theme.textSize * root.largest, Math.floor(0.98 * Theme.textSize * root.contentWidth / root.valueWidth)))
        weight: root.valueWeight
        color: root.card.provisional ? Theme.quietText : Theme.text
    }

    Piece {
        wanted: root.card.filling
        wantedHeight: 10 * Theme.millimetre

        Rectangle {
            objectName: "bar"
            // What screen readers read as «so many per cent».
            readonly property real value: root.card.bar
            readonly property real minimumValue: 0
            readonly property real maximumValue: 1

            Accessible.role: Accessible.ProgressBar
            Accessible.name: root.card.barName
            anchors.fill: parent
            radius: Theme.radius / 2
            color: Theme.panel
            border.width: Theme.ring / 2
            border.color: Theme.edge

            Rectangle {
                objectName: "barFilled"
                x: Theme.ring
                y: Theme.ring
                width: (parent.width - 2 * Theme.ring) * root.card.bar
                height: parent.height - 2 * Theme.ring
                radius: Theme.radius / 4
                color: Theme.text
            }
        }
    }

    Repeater {
        model: root.card.provisional ? root.card.steps : []

        Words {
            required property string modelData

            name: "measurementStep"
            text: modelData
        }
    }

    Words {
        name: "measurementUnit"
        text: root.card.unit
    }

    Words {
        name: "measurementPulse"
        text: root.card.pulse
        pairs: root.card.unit !== ""
    }

    Words {
        name: "measurementMark"
        text: root.card.mark
        raised: true
        ground: root.card.arrived ? Theme.good : Theme.panel
        groundEdge: root.card.arrived ? Theme.goodEdge : Theme.panelEdge
        color: root.card.arrived ? Theme.goodInk : Theme.text
        pairs: root.card.unit !== "" || root.card.pulse !== ""
    }

    Words {
        name: "measurementSentence"
        wanted: text !== "" && !(root.narrow && root.hasResult)
        text: root.card.sentence
    }

    Words {
        name: "measurementAction"
        text: root.card.action
    }

    Piece {
        wanted: root.drawingBelow && root.card.picture.toString() !== ""
        wantedHeight: 76 * Theme.millimetre
        least: 50 * Theme.millimetre

        Drawing {
            anchors.fill: parent
            source: root.card.picture
            description: root.card.pictureName
        }
    }

    Words {
        name: "ownerQuestion"
        heading: true
        text: root.question.question
        size: root.narrow || !Theme.roomy ? Theme.textSize : Math.ceil(Theme.textSize * 1.2)
        weight: Font.DemiBold
        color: Theme.title
        alignment: root.narrow ? Text.AlignLeft : Text.AlignHCenter
    }

    Words {
        name: "ownerValue"
        text: root.question.value
        size: Theme.roomy ? Math.ceil(Theme.textSize * (root.narrow ? 1.3 : 2)) : Theme.textSize
        weight: Font.DemiBold
        alignment: root.narrow ? Text.AlignLeft : Text.AlignHCenter
    }

    Words {
        name: "ownerTitle"
        text: root.question.title === "" ? "" : root.question.title + " " + root.question.when
        alignment: root.narrow ? Text.AlignLeft : Text.AlignHCenter
    }
}
