// Pictures painted as images: for the software scene graph, on which VideoOutput shows nothing.
import Svar.Screen

PictureItem {
}
