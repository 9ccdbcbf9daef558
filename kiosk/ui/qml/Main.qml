// The one window: every page lies ready, one is visible. No shortcut, menu or close button leads out of it.
import QtQuick
import Svar.Screen

Window {
    id: root

    required property ScreenModel model
    property bool keyboardInUse: false

    width: 1280
    height: 800
    color: Theme.background
    title: "Svar"
    onClosing: close => close.accepted = false

    Binding {
        target: Theme
        property: "windowHeight"
        value: root.height
    }
    Binding {
        target: Theme
        property: "capRatio"
        value: root.model.capRatio
    }
    Binding {
        target: Theme
        property: "fontFamily"
        value: root.model.fontFamily
    }

    Item {
        id: everything

        anchors.fill: parent
        Keys.onPressed: event => root.keyboardInUse = true

        FakeMark {
            id: mark

            objectName: "fakeMark"
            // During the call beside «Legg på», or above it where a measurement takes the room: there it covers neither
            // a face nor the clock of a generated picture.
            readonly property bool inCall: root.model.page === "call"

            y: inCall ? parent.height - Theme.gap - height - (call.beside ? Theme.target + 2 * Theme.gap : 0) : 0
            anchors.right: parent.right
            anchors.rightMargin: inCall && !call.beside ? call.hangUpWidth + 2 * Theme.gap : 0
            width: inCall ? implicitWidth : parent.width
            text: inCall ? root.model.fakeMarkShort : root.model.fakeMark
            z: 1
        }

        Item {
            anchors.fill: parent
            anchors.topMargin: mark.visible && root.model.page !== "call" ? mark.height : 0

            HomePage {
                objectName: "home"
                anchors.fill: parent
                visible: root.model.page === "home"
                model: root.model
                keyboardInUse: root.keyboardInUse
            }
            MeasurePage {
                objectName: "measure"
                anchors.fill: parent
                visible: root.model.page === "measure"
                model: root.model
                keyboardInUse: root.keyboardInUse
            }
            OwnerPanel {
                objectName: "owner"
                anchors.fill: parent
                visible: root.model.page === "owner"
                model: root.model
                keyboardInUse: root.keyboardInUse
            }
            HistoryPage {
                objectName: "history"
                anchors.fill: parent
                visible: root.model.page === "history"
                model: root.model
                keyboardInUse: root.keyboardInUse
            }
            RingPage {
                objectName: "ring"
                anchors.fill: parent
                visible: root.model.page === "ring"
                model: root.model
                keyboardInUse: root.keyboardInUse
            }
            CallPage {
                id: call

                objectName: "call"
                anchors.fill: parent
                visible: root.model.page === "call"
                model: root.model
                keyboardInUse: root.keyboardInUse
            }
            EndedPage {
                objectName: "ended"
                anchors.fill: parent
                visible: root.model.page === "ended"
                model: root.model
                keyboardInUse: root.keyboardInUse
            }
        }
    }
}
