// Lays out a page: its pieces on as many sub-pages as they need, its buttons in the bar and above it. Never scrolls.
// Where everything stands is decided by kiosk/ui/paging.py; here it is only asked and done.
import QtQuick
import Svar.Screen

Item {
    id: root

    required property ScreenModel model
    default property alias pieces: holder.data
    property real contentLeft: Theme.margin
    property real contentWidth: width - contentLeft - Theme.margin
    property real contentTop: Theme.gap
    // Kept free between the content and the bar, for what the page draws itself.
    property real reserve: 0
    property bool centred: false
    // Something else stands where the content does; buttons and sub-pages stay.
    property bool covered: false
    // Beside the three that a page may have, where it is allowed more.
    property int moreChoices: 0
    // The button that the keyboard begins at when the screen comes; none: the first Tab goes to the first.
    property Choice initial: null
    // The page itself knows where the keyboard begins.
    property bool elsewhere: false
    property int subPage: 0
    property int subPages: 1
    // How high the lowest piece of the sub-page reaches, and where the content ends.
    property real contentBottom: 0
    property real buttonsTop: height
    property string place: ""
    property list<Item> placed: []

    function arrange() {
        if (!visible || width <= 0 || height <= 0)
            return;
        const fresh = place !== model.place;
        if (fresh)
            subPage = 0;
        place = model.place;
        const pieces = [];
        const choices = [];
        for (let at = 0; at < holder.children.length; at++) {
            const child = holder.children[at];
            const piece = child as Piece;
            const choice = child as Choice;
            if (piece?.wanted)
                pieces.push(piece);
            else if (choice?.wanted)
                choices.push(choice);
        }
        const plan = model.layout.arrange(pieces.map(piece => ({
                    "words": piece.words,
                    "size": piece.size,
                    "weight": piece.weight,
                    "padding": piece.padding,
                    "air": piece.air,
                    "width": piece.wantedWidth,
                    "height": piece.wantedHeight,
                    "least": piece.least,
                    "pairs": piece.pairs,
                    "toRight": piece.toRight,
                    "late": piece.late
                })), choices.map(choice => ({
                    "words": choice.text,
                    "size": Theme.textSize,
                    "weight": choice.button.weight,
                    "padding": Theme.padding,
                    "sticky": choice.sticky,
                    "apart": choice.apart,
                    "flows": choice.flows
                })), {
            "width": width,
            "height": height,
            "margin": Theme.margin,
            "edge": Theme.gap,
            "bar": Theme.bar,
            "left": contentLeft,
            "content_width": contentWidth,
            "top": contentTop,
            "reserve": reserve,
            "fixed": Theme.fixedWidth,
            "more": Theme.moreWidth,
            "gap": 1.2 * Theme.millimetre,
            "between": Theme.buttonGap,
            "apart": Theme.apart,
            // For a hand that trembles the fixed ones count too.
            "choices": (Theme.choices > 3 ? Theme.choices - 1 : Theme.choices) + moreChoices,
            "choices_paged": (Theme.choices > 3 ? Theme.choices - 2 : Theme.choices) + moreChoices,
            "centred": centred
        });
        subPages = plan.length;
        subPage = Math.min(subPage, subPages - 1);
        let bottom = contentTop;
        const seen = new Set();
        placed = [];
        for (const spot of plan[subPage].pieces) {
            const piece = pieces[spot.index];
            put(piece, spot);
            piece.shownWords = spot.words;
            piece.visible = !covered;
            placed.push(piece);
            seen.add(piece);
            bottom = Math.max(bottom, spot.y + spot.height);
        }
        let highest = height - Theme.gap - Theme.bar;
        for (const spot of plan[subPage].buttons) {
            highest = Math.min(highest, spot.y);
            put(choices[spot.index], spot);
            seen.add(choices[spot.index]);
        }
        // One by one, and never all at once: what goes out of sight loses the keyboard's focus.
        for (let at = 0; at < holder.children.length; at++) {
            const child = holder.children[at];
            if (!seen.has(child) && (child as Piece || child as Choice))
                child.visible = false;
        }
        contentBottom = bottom;
        buttonsTop = highest;
        if (fresh && initial?.visible)
            initial.take();
        else if (fresh && !elsewhere)
            forceActiveFocus();
    }

    function put(item: Item, spot: var) {
        item.x = spot.x;
        item.y = spot.y;
        item.width = spot.width;
        item.height = spot.height;
        item.visible = true;
    }

    function more() {
        subPage = (subPage + 1) % subPages;
        arrange();
    }

    onVisibleChanged: {
        place = "";
        arrange();
    }
    onWidthChanged: arrange()
    onHeightChanged: arrange()
    onReserveChanged: arrange()
    onContentTopChanged: arrange()
    onCoveredChanged: {
        for (const piece of placed) {
            if (piece)
                piece.visible = !covered;
        }
    }

    Connections {
        target: root.model

        function onShown() {
            root.arrange();
        }
    }

    Item {
        id: holder

        anchors.fill: parent
    }
}
