// The patient writes: with ready phrases, or letter by letter. What is written stands on the other screen at once.
pragma ComponentBehavior: Bound

import QtQuick
import Svar.Screen

Page {
    id: root

    readonly property TextModel written: model.text
    readonly property bool byKeys: written.byKeys

    // The keyboard: all of it, above the bar.
    readonly property real keyGap: 3.6 * Theme.millimetre
    readonly property real rowGap: 2.2 * Theme.millimetre
    readonly property int rows: Math.max(1, written.keyRows)
    readonly property real keyWidth: (width - 2 * Theme.margin + keyGap) / Math.max(1, written.keyColumns) - keyGap
    readonly property real leastKey: Math.max(Theme.target, Theme.line)
    readonly property real keysBottom: height - Theme.gap - Theme.bar - Theme.buttonGap
    readonly property real roomyKey: (keysBottom + rowGap - lanesLeast) / rows - rowGap
    readonly property real keyHeight: Math.max(leastKey, Math.min(1.2 * leastKey, roomyKey))
    readonly property real keysTop: keysBottom + rowGap - rows * (keyHeight + rowGap)
    readonly property real lanesLeast: Theme.line + 2 * Theme.gap
    readonly property real topAir: Theme.roomy ? Theme.gap / 2 : 0

    // What has been written, at the top; beside it the other one's picture, where there is room.
    readonly property bool hasPicture: model.remote.active && !model.lineLost && !byKeys && Theme.roomy
    readonly property real beside: hasPicture ? 0.32 * width : model.fakeMarkShort === "" ? 0 : model.layout.width(model.fakeMarkShort, Theme.textSize, Font.Normal) + 4 * Theme.gap
    readonly property real lanesWidth: width - 2 * Theme.margin - (beside > 0 ? beside + Theme.gap - (hasPicture ? 0 : Theme.margin) : 0)

    // «Tastatur» beside «Ferdig»; a trembling hand has fewer and larger buttons.
    readonly property bool besideDone: Theme.roomy && Theme.choices === 3

    board: pieces
    covers: true
    markOnTop: true

    // A keyboard of one's own writes; what a button under the focus takes, it takes first.
    Keys.onPressed: event => {
        if (event.key === Qt.Key_Backspace)
            model.typeKey("\b", event.isAutoRepeat);
        else if (event.key === Qt.Key_Return || event.key === Qt.Key_Enter)
            model.typeKey("\n", event.isAutoRepeat);
        else if (event.text !== "" && event.text >= " " && !(event.modifiers & (Qt.ControlModifier | Qt.AltModifier | Qt.MetaModifier)))
            model.typeKey(event.text, event.isAutoRepeat);
        else
            return;
        event.accepted = true;
    }

    Binding {
        target: root.written
        property: "boxWidth"
        value: root.lanesWidth - 2 * Theme.gap
        when: root.visible
    }
    Binding {
        target: root.written
        property: "room"
        value: root.byKeys ? Math.max(1, Math.floor((root.keysTop - 1.5 * Theme.gap) / Theme.line)) : Theme.roomy ? 3 : 1
        when: root.visible
    }
    Binding {
        target: root.written
        property: "ceiling"
        value: root.byKeys ? Math.max(1, Math.floor((root.keysTop - 1.5 * Theme.gap) / Theme.line)) : Theme.roomy ? 3 : 1
        when: root.visible
    }
    Binding {
        target: root.written
        property: "brief"
        value: false
        when: root.visible
    }

    TextPanel {
        id: lanes

        x: Theme.margin
        y: root.topAir
        width: root.lanesWidth
        model: root.written
    }

    Rectangle {
        objectName: "smallPicture"
        anchors.right: parent.right
        anchors.rightMargin: Theme.margin
        y: root.topAir + (root.model.fakeMarkShort === "" ? 0 : Theme.line + Theme.gap / 2)
        width: root.beside
        height: Math.min(width * 0.75, 2.5 * Theme.line)
        visible: root.hasPicture
        color: "black"
        Accessible.role: Accessible.Graphic
        Accessible.name: root.model.callerPictureName

        Loader {
            anchors.fill: parent
            property url page: root.model.videoPage
            onPageChanged: {
                if (page.toString() !== "")
                    setSource(page, {
                        "feed": root.model.remote
                    });
            }
            Component.onCompleted: pageChanged()
        }
    }

    Repeater {
        model: root.written.keys

        BigButton {
            id: key

            required property var modelData
            readonly property bool erases: modelData.text === "\b"

            objectName: "key"
            // The ring around it lies on its neighbours.
            z: activeFocus ? 1 : 0
            x: Theme.margin + modelData.column * (root.keyWidth + root.keyGap)
            y: root.keysTop + modelData.row * (root.keyHeight + root.rowGap)
            width: modelData.span * (root.keyWidth + root.keyGap) - root.keyGap
            height: root.keyHeight
            radius: Theme.radius / 2
            air: 2 * Theme.millimetre
            text: modelData.label
            background: Theme.quiet
            foreground: Theme.quietInk
            border.width: Theme.ring / 2
            border.color: Theme.edge
            keyboardInUse: root.keyboardInUse
            onActivated: {
                if (modelData.text !== "")
                    root.model.typeText(modelData.text);
                else if (modelData.group >= 0)
                    root.model.chooseGroup(modelData.group);
                else
                    root.model.openKeyboard();
            }
            Accessible.name: modelData.name

            // The space bar shows a space, the key that erases an arrow to the left.
            Rectangle {
                anchors.horizontalCenter: parent.horizontalCenter
                y: (key.erases ? 0.5 : 0.62) * parent.height - height / 2
                width: Math.min(parent.width * 0.5, 20 * Theme.millimetre)
                height: Theme.ring * 1.2
                visible: key.text === ""
                color: Theme.quietInk

                Repeater {
                    model: key.erases ? [45, -45] : []

                    Rectangle {
                        required property int modelData

                        y: 0
                        width: 6 * Theme.millimetre
                        height: parent?.height ?? 0
                        color: Theme.quietInk
                        transformOrigin: Item.Left
                        rotation: modelData
                    }
                }
            }
        }
    }

    Board {
        id: pieces

        anchors.fill: parent
        model: root.model
        contentTop: root.byKeys ? 0 : lanes.visible ? lanes.y + lanes.height : 0
        // Three ready phrases beside those that lead on; keys are the page's own.
        moreChoices: root.besideDone ? 2 : 1
        elsewhere: true

        Choice {
            name: "writingDone"
            text: root.written.doneText
            main: true
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.writingDone()
        }

        Repeater {
            model: root.written.phrases

            Choice {
                required property string modelData

                name: "phrase"
                sticky: false
                flows: true
                text: modelData
                keyboardInUse: root.keyboardInUse
                onActivated: root.model.writePhrase(modelData)
            }
        }

        Choice {
            name: "keyboard"
            // Where there is no room beside the other, it comes after the phrases.
            sticky: root.besideDone
            flows: !root.besideDone
            wanted: !root.byKeys
            text: root.written.keyboardText
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.openKeyboard()
        }
    }

    onVisibleChanged: {
        if (visible)
            forceActiveFocus();
    }
}
