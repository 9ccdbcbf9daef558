// Pictures by the graphics card: frames go to the sink of a VideoOutput. Loaded apart, because QtMultimedia is large.
import QtQuick
import QtMultimedia
import Svar.Screen

VideoOutput {
    id: root

    required property VideoFeed feed

    fillMode: VideoOutput.PreserveAspectFit
    Component.onCompleted: feed.paintOn(root.videoSink)
}
