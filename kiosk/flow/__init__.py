"""What the kiosk is doing: (state, event, now) -> (state, effects). Pure."""
