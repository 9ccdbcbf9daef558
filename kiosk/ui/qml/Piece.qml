// Something that a Board places: words, a drawing, a bar. It says what it needs; the Board says where and how large.
import QtQuick

Item {
    // Not wanted: not on the page at all. Whether it is visible is the Board's, by the sub-page that is shown.
    property bool wanted: true
    property real wantedWidth: 0
    property real wantedHeight: 0
    // So low it may be where there is little room; negative: as high as wanted.
    property real least: -1
    // May stand beside the piece before it, and then at the right edge.
    property bool pairs: false
    property bool toRight: false
    // May come after the buttons, on another sub-page.
    property bool late: false
    // For words: what there is to say, and what of it stands on this sub-page.
    property string words: ""
    property string shownWords: ""
    property int size: Theme.textSize
    property int weight: Font.Normal
    property real padding: 0
    property real air: 0

    visible: false
}
