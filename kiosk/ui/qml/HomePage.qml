// Between visits: clock, day, next visit, how things are, and what the patient can begin.
pragma ComponentBehavior: Bound

import QtQuick

Page {
    id: root

    readonly property int kinds: model.measureButtons.length
    readonly property bool compact: kinds > 0
    readonly property int alignment: compact && now.wide ? Text.AlignLeft : Text.AlignHCenter

    board: pieces

    Board {
        id: pieces

        anchors.fill: parent
        model: root.model
        centred: !root.compact
        initial: root.kinds > 0 ? kindButtons.itemAt(0) as Choice : null

        // What is wrong comes first.
        Words {
            name: root.model.statusGrave ? "statusText" : ""
            wanted: root.model.statusGrave
            text: root.model.statusText
            grave: true
            graveName: root.model.importantText
            color: Theme.grave
            weight: Font.DemiBold
        }

        Words {
            name: root.model.statusGrave ? "statusDetail" : ""
            wanted: root.model.statusGrave && text !== ""
            text: root.model.statusDetail
        }

        Clock {
            id: now

            time: root.model.clock
            day: root.model.day
            date: root.model.date
            room: pieces.contentWidth
            compact: root.compact
        }

        Words {
            name: now.wide ? "" : "day"
            wanted: !now.wide
            text: root.model.day
            weight: root.compact ? Font.Normal : Font.DemiBold
            alignment: Text.AlignHCenter
        }

        Words {
            name: now.wide ? "" : "date"
            wanted: !now.wide
            text: root.model.date
            alignment: Text.AlignHCenter
        }

        Words {
            name: "visit"
            text: root.model.visitWho === "" ? root.model.visitWhen : root.model.visitWhen + "\n" + root.model.visitWho
            raised: true
            alignment: Text.AlignHCenter
        }

        Words {
            name: root.model.statusGrave ? "" : "statusText"
            late: true
            wanted: !root.model.statusGrave
            text: root.model.statusText
            alignment: Text.AlignHCenter
        }

        Words {
            name: root.model.statusGrave ? "" : "statusDetail"
            late: true
            wanted: !root.model.statusGrave && text !== ""
            text: root.model.statusDetail
            alignment: Text.AlignHCenter
        }

        Choice {
            name: "myReadings"
            wanted: root.compact
            sticky: Theme.roomy
            text: root.model.historyText
            keyboardInUse: root.keyboardInUse
            onActivated: root.model.openHistory()
        }

        Repeater {
            id: kindButtons

            model: root.model.measureButtons

            Choice {
                required property string modelData
                required property int index

                name: "measure" + index
                text: modelData
                main: true
                sticky: false
                keyboardInUse: root.keyboardInUse
                onActivated: root.model.measure(index)
            }
        }
    }
}
