// A button for a trembling hand: counts on release, when the touch began inside and ended within 10 mm of it.
import QtQuick

Rectangle {
    id: root

    required property string text
    property color background: Theme.plain
    property color foreground: Theme.plainInk
    property int textSize: Theme.textSize
    // Bold letters are wider: where there is little room they are not.
    property int weight: Theme.roomy ? Font.DemiBold : Font.Normal
    // Width and height beyond the words.
    property real air: Theme.padding
    property bool keyboardInUse: false
    readonly property bool held: area.pressed || keyHeld
    property bool keyHeld: false
    readonly property real tolerance: 10 * Theme.millimetre

    signal activated

    implicitHeight: Theme.target
    implicitWidth: Math.max(Theme.target, label.implicitWidth + air)
    radius: Theme.radius
    color: held ? Qt.darker(background, 1.25) : background
    activeFocusOnTab: true

    Accessible.role: Accessible.Button
    Accessible.name: text
    Accessible.focusable: true
    Accessible.onPressAction: root.activated()

    function pressKey(event) {
        if (event.key !== Qt.Key_Space && event.key !== Qt.Key_Return && event.key !== Qt.Key_Enter)
            return;
        event.accepted = true;
        if (!event.isAutoRepeat)
            keyHeld = true;
    }

    function releaseKey(event) {
        if (event.key !== Qt.Key_Space && event.key !== Qt.Key_Return && event.key !== Qt.Key_Enter)
            return;
        event.accepted = true;
        if (event.isAutoRepeat || !keyHeld)
            return;
        keyHeld = false;
        activated();
    }

    Keys.onPressed: event => pressKey(event)
    Keys.onReleased: event => releaseKey(event)
    onActiveFocusChanged: keyHeld = false
    onVisibleChanged: keyHeld = false

    MouseArea {
        id: area

        anchors.fill: parent
        onReleased: mouse => {
            const allowed = root.tolerance;
            if (mouse.x >= -allowed && mouse.y >= -allowed && mouse.x <= width + allowed && mouse.y <= height + allowed)
                root.activated();
        }
    }

    Text {
        id: label

        anchors.fill: parent
        anchors.leftMargin: root.air / 2
        anchors.rightMargin: root.air / 2
        text: root.text
        color: root.foreground
        font.family: Theme.fontFamily
        font.pixelSize: root.textSize
        font.weight: root.weight
        font.underline: Theme.says(text)
        // As large as has room, never smaller than the smallest; then in two lines.
        fontSizeMode: Text.Fit
        minimumPixelSize: Theme.textSize
        wrapMode: Text.Wrap
        // Fonts ask for more air than large text needs.
        lineHeight: 0.94
        horizontalAlignment: Text.AlignHCenter
        verticalAlignment: Text.AlignVCenter
        textFormat: Text.PlainText
        Accessible.ignored: true
    }

    Rectangle {
        anchors.fill: parent
        anchors.margins: -2 * Theme.ring
        visible: root.activeFocus && root.keyboardInUse
        color: "transparent"
        radius: root.radius + 2 * Theme.ring
        border.width: Theme.ring
        border.color: Theme.focus
    }
}
