// Text that is never smaller than the smallest allowed, and is known to screen readers.
import QtQuick

Text {
    // For checks, which cannot read the enumeration.
    readonly property int aligned: horizontalAlignment

    color: Theme.text
    font.family: Theme.fontFamily
    font.pixelSize: Theme.textSize
    // What is being said is underlined: a mark that is no colour, moves nothing and is not the ring of the keys.
    font.underline: Theme.says(text)
    // Fonts ask for more air above and below than large text needs.
    lineHeightMode: Text.FixedHeight
    lineHeight: Math.ceil(font.pixelSize * 1.16)
    verticalAlignment: Text.AlignVCenter
    wrapMode: Text.Wrap
    textFormat: Text.PlainText
    Accessible.role: Accessible.StaticText
    Accessible.name: text
    Accessible.ignored: text === ""
}
