"""Health devices: bytes become readings. A library of its own that never imports the kiosk."""
