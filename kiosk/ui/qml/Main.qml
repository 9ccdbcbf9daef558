// The one window: every page lies ready, one is visible. No shortcut, menu or close button leads out of it.
pragma ComponentBehavior: Bound

import QtQuick
import Svar.Screen

Window {
    id: root

    required property ScreenModel model
    property bool keyboardInUse: false
    // The page that is shown. There is none without an entry in the registry.
    property Page shown: null

    function follow() {
        for (let place = 0; place < pages.count; place++) {
            const loader = pages.itemAt(place) as Loader;
            if (loader?.visible)
                shown = loader.item as Page;
        }
    }

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

            y: inCall ? parent.height - Theme.gap - height - (root.shown?.markUp ?? 0) : 0
            anchors.right: parent.right
            anchors.rightMargin: inCall ? (root.shown?.markRight ?? 0) : 0
            width: inCall ? implicitWidth : parent.width
            text: inCall ? root.model.fakeMarkShort : root.model.fakeMark
            z: 1
        }

        Item {
            anchors.fill: parent
            anchors.topMargin: mark.visible && root.model.page !== "call" ? mark.height : 0

            Repeater {
                id: pages

                model: root.model.pages

                Loader {
                    id: place

                    required property var modelData

                    objectName: modelData.name
                    anchors.fill: parent
                    visible: root.model.page === modelData.name
                    onVisibleChanged: root.follow()
                    Component.onCompleted: {
                        setSource(modelData.file, {
                            "model": root.model
                        });
                        (item as Page).keyboardInUse = Qt.binding(() => root.keyboardInUse);
                    }
                }
            }
        }
    }
}
