// Colours and sizes of every page: given by the model (kiosk/ui/appearance.py) for this patient and this screen.
pragma Singleton
import QtQuick
import Svar.Screen

QtObject {
    id: root

    property string fontFamily: "DejaVu Sans"
    // What a button alone looks like, before a model has spoken: 10.1 inches, 1280x800, dark.
    property var colours: ({
            "background": "#0B1520",
            "panel": "#122132",
            "panelEdge": "#122132",
            "text": "#FDFAF2",
            "quietText": "#FDFAF2",
            "title": "#FFD400",
            "edge": "#FDFAF2",
            "plain": "#F7F3E8",
            "plainInk": "#14202C",
            "quiet": "#122132",
            "quietInk": "#FDFAF2",
            "good": "#00592B",
            "goodInk": "#FFFFFF",
            "goodEdge": "#FFFFFF",
            "mark": "#FFD400",
            "markInk": "#0B0B0B",
            "grave": "#FFD400",
            "graveInk": "#0B0B0B",
            "focus": "#FFD400",
            "band": "#00592B",
            "bandEdge": "#5FD39A"
        })
    property var sizes: ({
            "millimetre": 5.88,
            "text": 71,
            "buttonText": 122,
            "line": 83,
            "target": 117.6,
            "apart": 117.6,
            "choices": 3,
            "wholePercent": 100
        })

    readonly property real millimetre: sizes.millimetre
    // The smallest text there is.
    readonly property int textSize: sizes.text
    // Text on a large button, where there is room.
    readonly property int buttonTextSize: sizes.buttonText
    readonly property int line: sizes.line
    readonly property real target: sizes.target
    readonly property real apart: sizes.apart
    readonly property int choices: sizes.choices
    // Between buttons that do no harm when one is pressed for the other.
    readonly property real buttonGap: 5 * millimetre
    readonly property real margin: 4 * millimetre
    readonly property real gap: 2.5 * millimetre
    readonly property real radius: 4 * millimetre
    readonly property real ring: 1.4 * millimetre
    // Width and height that a button has beyond its words.
    readonly property real padding: (roomy ? 6 : 4) * millimetre
    readonly property real bar: Math.max(target, line + gap)

    readonly property color background: colours.background
    readonly property color panel: colours.panel
    readonly property color panelEdge: colours.panelEdge
    readonly property color text: colours.text
    readonly property color quietText: colours.quietText
    readonly property color title: colours.title
    readonly property color edge: colours.edge
    readonly property color plain: colours.plain
    readonly property color plainInk: colours.plainInk
    readonly property color quiet: colours.quiet
    readonly property color quietInk: colours.quietInk
    readonly property color good: colours.good
    readonly property color goodInk: colours.goodInk
    readonly property color goodEdge: colours.goodEdge
    readonly property color mark: colours.mark
    readonly property color markInk: colours.markInk
    readonly property color grave: colours.grave
    readonly property color graveInk: colours.graveInk
    readonly property color focus: colours.focus
    readonly property color band: colours.band
    readonly property color bandEdge: colours.bandEdge

    // Whether there is room to make headings larger than the smallest text.
    readonly property bool roomy: sizes.line * 8 < windowHeight
    property real windowHeight: 800

    // What «Si igjen» and «Mer» take of the bar: set by Main.
    property real fixedWidth: 0
    property real moreWidth: 0

    // Who knows what is being said: set by Main.
    property ScreenModel reader: null
    readonly property string spoken: reader?.spoken ?? ""

    // Whether the voice says this text now.
    function says(text: string): bool {
        return root.spoken !== "" && root.reader.isSpoken(text, root.spoken);
    }
}
