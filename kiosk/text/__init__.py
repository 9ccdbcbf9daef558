"""Real-time text (ITU-T T.140, RFC 8865) and captions: characters in, lanes and lines out. Pure; imports only facts."""
