"""What the kiosk says aloud: the words (pure), and the voice (a child process that only synthesizes)."""
