"""How a device comes to be a municipality's: the enrolment code, its own key, the steps between, and the way out again.

Knows nothing of calls, readings or screens (design.md, arrows).
"""
