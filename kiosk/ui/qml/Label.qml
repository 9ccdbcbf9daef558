// Text that is never smaller than the smallest allowed, and is known to screen readers.
import QtQuick
import QtQuick.Layouts

Text {
    color: Theme.text
    font.family: Theme.fontFamily
    font.pixelSize: Theme.textSize
    lineHeightMode: Text.FixedHeight
    lineHeight: Math.ceil(font.pixelSize * 1.16)
    // Fonts ask for more air above and below than large text needs.
    Layout.preferredHeight: Math.ceil(lineCount * font.pixelSize * 1.16)
    verticalAlignment: Text.AlignVCenter
    wrapMode: Text.WordWrap
    textFormat: Text.PlainText
    Accessible.role: Accessible.StaticText
    Accessible.name: text
    Accessible.ignored: text === ""
}
