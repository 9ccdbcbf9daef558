// The one window: every page of the registry lies ready, one is visible; «Si igjen» and «Mer» have one place on all.
// No shortcut, menu or close button leads out of it.
pragma ComponentBehavior: Bound

import QtQuick
import Svar.Screen

Window {
    id: root

    required property ScreenModel model
    readonly property bool keyboardInUse: hand.keyboardInUse
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
    onWidthChanged: model.resize(width, height)
    onHeightChanged: model.resize(width, height)
    Component.onCompleted: model.resize(width, height)

    Binding {
        target: Theme
        property: "colours"
        value: root.model.colours
    }
    Binding {
        target: Theme
        property: "sizes"
        value: root.model.sizes
    }
    Binding {
        target: Theme
        property: "reader"
        value: root.model
    }
    Binding {
        target: Theme
        property: "windowHeight"
        value: root.height
    }
    Binding {
        target: Theme
        property: "fontFamily"
        value: root.model.fontFamily
    }
    Binding {
        target: Theme
        property: "fixedWidth"
        value: fixed.sayAgainWidth + Theme.buttonGap
    }
    Binding {
        target: Theme
        property: "moreWidth"
        value: fixed.moreWidth + Theme.buttonGap
    }

    WindowInput {
        id: hand

        objectName: "hand"
        window: root
        model: root.model
    }

    Item {
        id: everything

        anchors.fill: parent
        FakeMark {
            id: mark

            objectName: "fakeMark"
            // On a picture in a corner: there it covers neither a face nor the clock of a generated picture.
            readonly property bool inCorner: root.shown?.covers ?? false

            readonly property real above: (root.shown?.board?.buttonsTop ?? parent.height) - (root.shown?.aboveButtons ?? 0)

            y: inCorner && !(root.shown?.markOnTop ?? false) ? above - Theme.gap - height : 0
            anchors.right: parent.right
            width: inCorner ? implicitWidth : parent.width
            long: root.model.fakeMark
            brief: root.model.fakeMarkShort
            briefly: inCorner
            z: 1
        }

        Item {
            anchors.fill: parent
            anchors.topMargin: mark.visible && !mark.inCorner ? mark.height : 0

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

            FixedControls {
                id: fixed

                anchors.fill: parent
                model: root.model
                board: root.shown?.board ?? null
                keyboardInUse: root.keyboardInUse
            }
        }

        // Sees every touch and takes none.
        Item {
            anchors.fill: parent
            z: 2

            PointHandler {
                onActiveChanged: {
                    if (active)
                        root.model.touched();
                }
            }
        }
    }
}
