"""Bluetooth Low Energy through BlueZ: the only package that imports bleak, bleak-retry-connector and dbus-fast."""
