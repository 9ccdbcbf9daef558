// Colours and sizes of every page. Sizes follow the window's height: 800 pixels are the 136 mm of a 10.1-inch screen.
pragma Singleton
import QtQuick

QtObject {
    property real windowHeight: 800
    property real capRatio: 0.714
    property string fontFamily: "DejaVu Sans"

    readonly property real millimetre: windowHeight / 136
    // The smallest text: capitals of 0.7 degrees at 0.7 m are 8.6 mm (EN 301 549, 5.1.4).
    readonly property int textSize: Math.ceil(8.7 * millimetre / capRatio)
    // Text on buttons: 1.2 degrees.
    readonly property int buttonTextSize: Math.ceil(14.7 * millimetre / capRatio)
    readonly property real target: 20 * millimetre
    readonly property real apart: 20 * millimetre
    // Between buttons that do no harm when one is pressed for the other.
    readonly property real buttonGap: 5 * millimetre
    readonly property real margin: 6 * millimetre
    readonly property real gap: 2.5 * millimetre
    readonly property real radius: 4 * millimetre
    readonly property real ring: 1.4 * millimetre

    readonly property color background: "#0B1520"
    readonly property color panel: "#16283A"
    readonly property color text: "#F7F3E8"
    readonly property color quietText: "#E3E8EC"
    readonly property color good: "#00592B"
    readonly property color goodBright: "#006A35"
    readonly property color band: "#00592B"
    readonly property color bandEdge: "#5FD39A"
    readonly property color accent: "#FFD400"
    readonly property color accentInk: "#0B0B0B"
    readonly property color plain: "#F7F3E8"
    readonly property color plainInk: "#14202C"
    readonly property color grave: "#FFD400"
    readonly property color focus: "#FFD400"
}
