// A drawing of what to do, as large as there is room.
import QtQuick

Image {
    required property string description

    objectName: "picture"
    sourceSize: Qt.size(Math.min(width, height), Math.min(width, height))
    fillMode: Image.PreserveAspectFit
    Accessible.role: Accessible.Graphic
    Accessible.name: description
}
