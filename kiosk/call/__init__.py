"""Calls over SIP: who may ring, and the conversation with the server."""
